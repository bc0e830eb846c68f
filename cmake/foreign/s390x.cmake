# Big-endian Linux, run by qemu: `./dev test --target s390x`. MYC_FOREIGN_ROOT holds the libraries
# that tests need besides the C library.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR s390x)
set(CMAKE_C_COMPILER s390x-linux-gnu-gcc-12)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MYC_FOREIGN_ROOT)
set(libraries "${MYC_FOREIGN_ROOT}/usr/lib/s390x-linux-gnu")
set(CMAKE_C_FLAGS_INIT "-isystem \"${MYC_FOREIGN_ROOT}/usr/include\"")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L\"${libraries}\" -Wl,-rpath,\"${libraries}\"")
set(CMAKE_CROSSCOMPILING_EMULATOR "qemu-s390x-static;-L;/usr/s390x-linux-gnu")
