# 32-bit x86, which x86-64 runs: `./dev test --target i386`. MYC_FOREIGN_ROOT holds the libraries
# that tests need besides the C library. The compiler is that of gcc-12-multilib; gcc-multilib would
# remove other compilers.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(CMAKE_C_COMPILER gcc-12)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MYC_FOREIGN_ROOT)
set(libraries "${MYC_FOREIGN_ROOT}/usr/lib/i386-linux-gnu")
set(CMAKE_C_FLAGS_INIT
    "-m32 -isystem \"${MYC_FOREIGN_ROOT}/usr/include\" -isystem /usr/include/x86_64-linux-gnu")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L\"${libraries}\" -Wl,-rpath,\"${libraries}\"")
