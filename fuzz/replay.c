// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Replays every file of the given folders (or the given files) through a harness, in order of their
// names. A corpus without files is an error: it would test nothing.
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "steps.h"

enum { PATH_BYTES = 4096, INPUT_BYTES_MAX = 1 << 20, ABORT_STATUS = 3 };

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot open\n", path);
        return -1;
    }
    uint8_t *bytes = malloc(INPUT_BYTES_MAX);
    FUZZ_CHECK(bytes != NULL);
    size_t size = fread(bytes, 1, INPUT_BYTES_MAX, file);
    fclose(file);
    // Named before the run, so that the last line tells which input crashed.
    printf("%s\n", path);
    fflush(stdout);
    (void)LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    return 1;
}

// Returns how many files ran, or -1.
static int replay_folder(const char *folder)
{
    struct dirent **entries = NULL;
    int entry_count = scandir(folder, &entries, NULL, alphasort);
    int file_count = entry_count < 0 ? -1 : 0;
    for (int i = 0; i < entry_count; i++) {
        char path[PATH_BYTES];
        int len = snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && file_count >= 0) {
            int count = len < PATH_BYTES ? replay_file(path) : -1;
            file_count = count < 0 ? -1 : file_count + count;
        }
        free(entries[i]);
    }
    free(entries);
    return file_count;
}

// A failed check aborts. Said in words and an exit status of its own, it is no accident of the
// shell.
static void report_abort(int signal_number)
{
    static const char text[] = "a check failed on the input named last\n";
    ssize_t written = write(STDOUT_FILENO, text, sizeof(text) - 1);
    (void)signal_number;
    _exit(written > 0 ? ABORT_STATUS : ABORT_STATUS + 1);
}

int main(int argc, char **argv)
{
    int total = 0;
    (void)signal(SIGABRT, report_abort);
    for (int i = 1; i < argc; i++) {
        struct stat info;
        bool is_folder = stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode);
        int count = is_folder ? replay_folder(argv[i]) : replay_file(argv[i]);
        if (count <= 0) {
            fprintf(stderr, "%s: no inputs\n", argv[i]);
            return 1;
        }
        total += count;
    }
    printf("%d inputs replayed\n", total);
#ifdef MYC_FUZZ_COUNTED
    printf("at most %u %% of the steps allowed\n", fuzz_steps_peak());
#endif
    return total > 0 ? 0 : 1;
}
