#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# simulable.sh PREFIX SOURCE: mycelium_check_simulable() on good services and bad ones.
name=simulable
prefix=$1
source=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"

# service NAME: a source from standard input, with what all of them need before it.
service() {
    {
        printf '#include <mycelium/service.h>\n#include <pthread.h>\n#include <stdio.h>\n'
        printf '#include <stdlib.h>\n#include <string.h>\n#include <time.h>\n'
        printf 'long %s(struct myc_context *context);\n' "$1"
        cat
    } >"$work/$1.c"
}

service good <<'END'
struct state {
    long count;
    char text[32];
};
static const char *const names[] = {"relocated", "constants", "are", "no", "state"};
long good(struct myc_context *context)
{
    struct state *state = myc_context_state(context);
    state->count += (long)strlen(names[state->count % 5]);
    snprintf(state->text, sizeof(state->text), "%ld", state->count);
    return state->count + (long)myc_context_now_ns(context);
}
END
service asks_time <<'END'
long asks_time(struct myc_context *context)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)time(NULL) + now.tv_nsec + (context != NULL);
}
END
service has_statics <<'END'
static long counter;
long table[2] = {1, 2};
static _Thread_local long of_thread = 3;
long has_statics(struct myc_context *context)
{
    return counter++ + table[0]++ + of_thread++ + (context != NULL);
}
END
service takes_heap <<'END'
long takes_heap(struct myc_context *context)
{
    char *bytes = malloc((size_t)myc_context_now_ns(context) % 10 + 1);
    long first = bytes != NULL ? bytes[0] : 0;
    free(bytes);
    return first;
}
END
service locks <<'END'
long locks(struct myc_context *context)
{
    pthread_mutex_t *lock = myc_context_state(context);
    return pthread_mutex_lock(lock);
}
END
service uses_helper <<'END'
long helped(long number);
long logged(long number);
long uses_helper(struct myc_context *context)
{
    return helped((long)myc_context_now_ns(context)) + logged(1);
}
END
service helper <<'END'
long helped(long number);
long helped(long number)
{
    return number + 1;
}
END
service draws <<'END'
static long memo;
long draws(struct myc_context *context)
{
    memo = rand() + labs(memo);
    puts(getenv("HOME"));
    return memo + (context != NULL);
}
END

cat >"$work/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(simulable LANGUAGES C)
find_package(mycelium 0.1 REQUIRED)
foreach(service good asks_time has_statics takes_heap locks helper uses_helper draws)
    add_library(${service} STATIC ${service}.c)
    target_link_libraries(${service} PRIVATE mycelium::headers)
endforeach()
foreach(service good asks_time has_statics takes_heap locks draws)
    mycelium_check_simulable(${service})
endforeach()
mycelium_check_simulable(uses_helper helper)

# The same services under other conditions.
add_library(allowed OBJECT draws.c)
target_link_libraries(allowed PRIVATE mycelium::headers)
mycelium_check_simulable(allowed ALLOW rand puts get* memo)
add_library(instrumented OBJECT draws.c)
target_link_libraries(instrumented PRIVATE mycelium::headers)
target_compile_options(instrumented PRIVATE -fsanitize=address)
mycelium_check_simulable(instrumented)
add_library(opaque OBJECT draws.c)
target_link_libraries(opaque PRIVATE mycelium::headers)
target_compile_options(opaque PRIVATE -flto -fno-fat-lto-objects)
mycelium_check_simulable(opaque)
END

# check GENERATOR KEEP_GOING: the findings of a whole build, which must fail, are those expected.
check() {
    GENERATOR=$1
    shift
    rm -rf "$work/build"
    quietly configure configure "$work" "$work/build"
    if cmake --build "$work/build" -- "$@" >"$work/output" 2>&1; then
        die "$GENERATOR: the build succeeds in spite of bad services"
    fi
    sed -n -e '/^mycelium_check_simulable(/p' -e 's|^.*/\([^/]*\.o is compiled with -flto\)|\1|p' \
        "$work/output" | sort >"$work/found"
    diff "$here/simulable.txt" "$work/found" >"$work/log" \
        || die "$GENERATOR: $(cat "$work/log" "$work/output")"
    for target in good allowed instrumented; do
        quietly "$target" cmake --build "$work/build" --target ${target}_simulable
    done
}

check 'Unix Makefiles' -k
check Ninja -k 0

# A mended service passes.
sed 's/good/takes_heap/' "$work/good.c" >"$work/takes_heap.c"
quietly 'a mended service' cmake --build "$work/build" --target takes_heap_simulable

# Mistakes in the call are told when the project is configured.
mkdir "$work/wrong"
for call in 'mycelium_check_simulable()' 'mycelium_check_simulable(nothing)'; do
    printf '%s\n' 'cmake_minimum_required(VERSION 3.25)' 'project(wrong LANGUAGES C)' \
        'find_package(mycelium 0.1 REQUIRED)' "$call" >"$work/wrong/CMakeLists.txt"
    if configure "$work/wrong" "$work/wrong/build" >"$work/log" 2>&1; then
        die "$call is accepted"
    fi
    grep -q 'no target' "$work/log" || die "$call: $(cat "$work/log")"
done
echo "simulable: $(grep -c 'needs\|writable' "$work/found") findings, as expected"
