// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Real processes over fork, exec, pipes and poll.
 *
 * The end of a program is the end of its outputs: the programs under test start no children.
 */
#define _GNU_SOURCE 1
#include "system/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

uint64_t program_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t program_deadline_ms(uint64_t ms)
{
    return program_now_ns() + ms * NS_PER_MS;
}

// The child's part; only calls that are safe after fork. A test that aborts takes its children
// along.
static void become(const char *const *argv, int out, int err, pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        _exit(127);
    }
    char *copy[PROGRAM_ARGUMENTS_MAX + 1];
    size_t count = 0;
    for (; argv[count] != NULL && count < PROGRAM_ARGUMENTS_MAX; count++) {
        copy[count] = (char *)(uintptr_t)argv[count];
    }
    copy[count] = NULL;
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(err, STDERR_FILENO);
    (void)execv(copy[0], copy);
    _exit(127);
}

bool program_start(struct program *program, const char *const *argv)
{
    int out[2];
    int err[2];
    memset(program, 0, sizeof(*program));
    program->out.descriptor = -1;
    program->err.descriptor = -1;
    if (pipe2(out, O_CLOEXEC) != 0) {
        return false;
    }
    if (pipe2(err, O_CLOEXEC) != 0) {
        (void)close(out[0]);
        (void)close(out[1]);
        return false;
    }
    pid_t self = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        become(argv, out[1], err[1], self);
    }
    (void)close(out[1]);
    (void)close(err[1]);
    program->out.descriptor = out[0];
    program->err.descriptor = err[0];
    program->pid = pid > 0 ? pid : 0;
    return pid > 0;
}

static void take_output(struct program_output *output)
{
    char discarded[4096];
    size_t room = sizeof(output->text) - 1 - output->len;
    void *target = room > 0 ? (void *)(output->text + output->len) : (void *)discarded;
    ssize_t count = read(output->descriptor, target, room > 0 ? room : sizeof(discarded));
    if (count > 0 && room > 0) {
        output->len += (size_t)count;
        output->text[output->len] = '\0';
    } else if (count == 0 || (count < 0 && errno != EINTR)) {
        (void)close(output->descriptor);
        output->descriptor = -1;
    }
}

// Waits for output of either kind. False at the deadline and when both have ended.
static bool pump(struct program *program, uint64_t deadline_ns)
{
    uint64_t now_ns = program_now_ns();
    struct pollfd polled[2] = {
        {.fd = program->out.descriptor, .events = POLLIN},
        {.fd = program->err.descriptor, .events = POLLIN}};
    if ((polled[0].fd < 0 && polled[1].fd < 0) || now_ns >= deadline_ns) {
        return false;
    }
    int timeout_ms = (int)((deadline_ns - now_ns) / NS_PER_MS) + 1;
    if (poll(polled, 2, timeout_ms) <= 0) {
        return errno == EINTR;
    }
    if (polled[0].revents != 0) {
        take_output(&program->out);
    }
    if (polled[1].revents != 0) {
        take_output(&program->err);
    }
    return true;
}

bool program_await_error_text(
    struct program *program, const char *text, size_t from, uint64_t deadline_ns)
{
    for (;;) {
        if (from <= program->err.len && strstr(program->err.text + from, text) != NULL) {
            return true;
        }
        if (!pump(program, deadline_ns)) {
            return false;
        }
    }
}

static void collect(struct program *program)
{
    int status = 0;
    while (waitpid(program->pid, &status, 0) < 0 && errno == EINTR) {
    }
    program->pid = 0;
    program->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    program->exit_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

bool program_await_end(struct program *program, uint64_t deadline_ns)
{
    while (program->out.descriptor >= 0 || program->err.descriptor >= 0) {
        if (!pump(program, deadline_ns)) {
            break;
        }
    }
    if (program->pid == 0) {
        return true;
    }
    if (program->out.descriptor >= 0 || program->err.descriptor >= 0) {
        return false;
    }
    collect(program);
    return true;
}

void program_signal(struct program *program, int number)
{
    if (program->pid > 0) {
        (void)kill(program->pid, number);
    }
}

void program_end(struct program *program)
{
    program_signal(program, SIGKILL);
    if (program->pid > 0) {
        (void)program_await_end(program, program_deadline_ms(10000));
    }
    if (program->pid > 0) {
        collect(program);
    }
    if (program->out.descriptor > 0) {
        (void)close(program->out.descriptor);
    }
    if (program->err.descriptor > 0) {
        (void)close(program->err.descriptor);
    }
    program->out.descriptor = -1;
    program->err.descriptor = -1;
}

bool program_json_number(const char *json, const char *key, uint64_t *out_number)
{
    char member[64];
    (void)snprintf(member, sizeof(member), "\"%s\":", key);
    const char *found = strstr(json, member);
    if (found == NULL) {
        return false;
    }
    found += strlen(member);
    char *end = NULL;
    uint64_t number = strtoull(found, &end, 10);
    if (end == found) {
        return false;
    }
    *out_number = number;
    return true;
}

size_t program_line_count(const char *text)
{
    size_t count = 0;
    for (const char *line = text; *line != '\0'; count++) {
        const char *end = strchr(line, '\n');
        if (end == NULL) {
            return count + 1;
        }
        line = end + 1;
    }
    return count;
}
