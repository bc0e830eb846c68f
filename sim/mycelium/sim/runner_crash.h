// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A run that dies by a signal still says which run it was. Part of the implementation unit.
 */
#ifndef MYC_SIM_RUNNER_CRASH_H
#define MYC_SIM_RUNNER_CRASH_H

#include <mycelium/sim/history.h>
#include <mycelium/sim/internal.h>

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SIM__CRASH_STACK_BYTES = 64 * 1024, SIM__CRASH_EXIT = 1 };

static void sim__crash_say(const char *text)
{
    (void)!write(STDERR_FILENO, text, strlen(text));
}

/* Ends the program at once; _exit() itself is what scenarios are caught calling. */
__attribute__((noreturn)) static void sim__crash_leave(int code)
{
    for (;;) {
        (void)syscall(SYS_exit_group, code);
    }
}

/* Whether the end of this process is the end of a run: a run may have processes of its own for code
 * that ends them. */
static bool sim__crash_is_of_run(void)
{
    return sim__world_now != NULL && sim__world_now->os_process == getpid();
}

/* Called in a dying process: says which run it was, with nothing but write(). */
static void sim__crash_tell(const char *what)
{
    if (sim__world_now != NULL) {
        sim__crash_say("FAILED ");
        sim__crash_say(sim__world_now->scenario->name);
        sim__crash_say(": ");
        sim__crash_say(what);
        if (sim__world_now->current != NULL) {
            sim__crash_say(" in ");
            sim__crash_say(sim__world_now->current->scope);
        }
        sim__crash_say("\n  run again: ");
        sim__crash_say(sim__world_now->repro);
        sim__crash_say("\n");
    }
}

static const char sim__crash_text[] = "the program crashed";

static void sim__crash_report(void)
{
    sim__crash_tell(sim__crash_text);
}

/* The run that is shown has a history, which its parent will look at. */
static void sim__crash_show(const char *what, const char *why)
{
    char verdict[256];
    if (sim__world_now == NULL || sim__world_now->history == NULL) {
        return;
    }
    const struct sim__thread *thread = sim__world_now->current;
    (void)snprintf(
        verdict,
        sizeof(verdict),
        "%s%s%s%s%s",
        what,
        thread != NULL ? " in " : "",
        thread != NULL ? thread->scope : "",
        why[0] != '\0' ? ": " : "",
        why);
    sim__history_crash(sim__world_now, verdict);
}

/* A process of the world that calls exit() ends the whole program, with a code of its own. */
static void sim__crash_at_exit(void)
{
    if (sim__crash_is_of_run()) {
        sim__crash_tell("the program was ended by exit()");
        sim__crash_show("the program was ended by exit()", "");
        sim__crash_leave(SIM__CRASH_EXIT);
    }
}

#if !defined(MYC_SIM_HAS_ASAN) && !defined(MYC_SIM_HAS_TSAN)

// Nothing is called at the end of a program that takes this way out, so it is closed: else a
// campaign would end in the middle with whatever code the scenario gave, such as 0. Sanitizers have
// functions of these names themselves.
__attribute__((noreturn)) static void sim__crash_at_quick_exit(int code)
{
    if (sim__crash_is_of_run()) {
        sim__crash_tell("the program was ended by _exit() or the like");
        code = SIM__CRASH_EXIT;
    }
    sim__crash_leave(code);
}

__attribute__((noreturn)) void _exit(int code)
{
    sim__crash_at_quick_exit(code);
}

__attribute__((noreturn)) void _Exit(int code)
{
    sim__crash_at_quick_exit(code);
}

__attribute__((noreturn)) void quick_exit(int code)
{
    sim__crash_at_quick_exit(code);
}

#endif

/* After everything else, since it may crash again. */
static void sim__crash_tell_run(void)
{
    if (sim__world_now != NULL && sim__world_now->told != NULL) {
        sim__report_crash(sim__world_now);
        sim__crash_say(sim__world_now->report);
    }
}

/* Where the program was: the object file and the offset in it, which addr2line takes. */
static void sim__crash_place(const void *context)
{
    uintptr_t at = 0;
#if defined(__x86_64__)
    at = (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    at = (uintptr_t)((const ucontext_t *)context)->uc_mcontext.pc;
#endif
    Dl_info info;
    char text[256];
    if (at != 0 && dladdr((const void *)at, &info) != 0 && info.dli_fname != NULL) {
        const char *slash = strrchr(info.dli_fname, '/');
        (void)snprintf(
            text,
            sizeof(text),
            " at %s+0x%llx",
            slash != NULL ? slash + 1 : info.dli_fname,
            (unsigned long long)(at - (uintptr_t)info.dli_fbase));
        sim__crash_say(text);
    }
}

static const char *sim__signal_name(int number)
{
    return number == SIGSEGV  ? "SIGSEGV, a bad access"
           : number == SIGBUS ? "SIGBUS, a bad access"
           : number == SIGILL ? "SIGILL, an instruction that does not exist"
           : number == SIGFPE ? "SIGFPE, a wrong operation"
                              : "SIGTRAP, a trap";
}

static void sim__crash_handler(int number, siginfo_t *info, void *context)
{
    const char *why = number == SIGABRT ? "abort()" : sim__signal_name(number);
    if (sim__world_now != NULL && !sim__crash_is_of_run()) {
        return; // The signal comes again, and nobody catches it then.
    }
    sim__crash_report();
    if (number == SIGABRT) {
        sim__crash_say("  by abort()");
    } else {
        sim__crash_say("  by ");
        sim__crash_say(sim__signal_name(number));
        sim__crash_place(context);
    }
    sim__crash_say("\n");
    const struct sim__thread *it = sim__world_now != NULL ? sim__world_now->threads : NULL;
    for (; it != NULL && number == SIGSEGV; it = it->all_next) {
        if (sim__fiber_is_guard(&it->fiber, (uintptr_t)info->si_addr)) {
            why = "the stack of that thread is full";
            sim__crash_say("  the stack of that thread is full\n");
        }
    }
    sim__crash_show(sim__crash_text, why);
    sim__crash_tell_run();
    sim__crash_leave(SIM__CRASH_EXIT);
}

#if defined(MYC_SIM_HAS_ASAN) || defined(MYC_SIM_HAS_TSAN)

void __sanitizer_set_death_callback(void (*callback)(void));

static void sim__crash_died(void)
{
    if (sim__world_now != NULL && !sim__crash_is_of_run()) {
        return;
    }
    sim__crash_report();
    sim__crash_show(sim__crash_text, "");
    sim__crash_tell_run();
}

// The sanitizer reports bad accesses better than we could; it then calls us.
static void sim__crash_catch(const stack_t *alternate, const struct sigaction *action)
{
    (void)alternate;
    (void)action;
    __sanitizer_set_death_callback(sim__crash_died);
}

static void sim__crash_let_go(void)
{
    __sanitizer_set_death_callback(NULL);
}

#else

static void sim__crash_catch(const stack_t *alternate, const struct sigaction *action)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    (void)sigaltstack(alternate, NULL);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        (void)sigaction(numbers[i], action, NULL);
    }
}

static void sim__crash_let_go(void)
{
    stack_t none = {.ss_flags = SS_DISABLE};
    (void)sigaltstack(&none, NULL);
}

#endif

static void *sim__crash_install(void)
{
    size_t bytes = SIM__CRASH_STACK_BYTES;
    void *stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)atexit(sim__crash_at_exit);
    if (stack == MAP_FAILED) {
        return NULL;
    }
    stack_t alternate = {.ss_sp = stack, .ss_size = bytes};
    struct sigaction action = {.sa_sigaction = sim__crash_handler};
    action.sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND);
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGABRT, &action, NULL);
    sim__crash_catch(&alternate, &action);
    return stack;
}

static void sim__crash_uninstall(void *stack)
{
    if (stack != NULL) {
        sim__crash_let_go();
        (void)munmap(stack, SIM__CRASH_STACK_BYTES);
    }
}

#endif
