// SPDX-License-Identifier: MIT OR Apache-2.0
//
// All files are written under temporary names and moved into place only when all are complete. If
// one cannot be moved, those before it are taken back: header and source always belong together.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/gen/gen.h"

enum { PATH_BYTES = 4096 };

enum { OUTPUTS_MAX = 3 };

typedef void emit_fn(const struct gen_unit *unit, FILE *out);

struct output {
    char path[PATH_BYTES];
    char temporary[PATH_BYTES];
    char earlier[PATH_BYTES]; /* another name of the file that `path` was, while it is replaced */
    bool had_earlier;
    bool was_missing;
    emit_fn *emit;
};

static bool report(const char *path, const char *what)
{
    fprintf(stderr, "%s: error: %s: %s\n", path, what, strerror(errno));
    return false;
}

// Makes every missing folder of the path, as `mkdir -p` does.
static bool make_directory(const char *directory)
{
    char path[PATH_BYTES];
    size_t len = strlen(directory);
    if (len >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return report(directory, "cannot make the folder");
    }
    memcpy(path, directory, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        char saved = path[i];
        path[i] = '\0';
        struct stat info;
        if (mkdir(path, 0777) != 0 && !(stat(path, &info) == 0 && S_ISDIR(info.st_mode))) {
            return report(path, "cannot make the folder");
        }
        path[i] = saved;
    }
    return true;
}

static bool output_init(
    struct output *output,
    const char *directory,
    const char *prefix,
    const char *suffix,
    emit_fn *emit)
{
    size_t room = sizeof(output->path);
    int path_len = snprintf(output->path, room, "%s/%s.%s", directory, prefix, suffix);
    int temporary_len = snprintf(
        output->temporary, room, "%s/.%s.%s.%ld", directory, prefix, suffix, (long)getpid());
    int earlier_len = snprintf(
        output->earlier, room, "%s/.%s.%s.%ld.old", directory, prefix, suffix, (long)getpid());
    output->emit = emit;
    if (path_len < 0 || temporary_len < 0 || earlier_len < 0 || (size_t)earlier_len >= room) {
        errno = ENAMETOOLONG;
        return report(directory, "cannot write here");
    }
    return true;
}

static bool write_temporary(const struct output *output, const struct gen_unit *unit)
{
    FILE *file = fopen(output->temporary, "wx");
    if (file == NULL) {
        return report(output->path, "cannot write");
    }
    output->emit(unit, file);
    bool is_written = ferror(file) == 0;
    is_written = fclose(file) == 0 && is_written;
    return is_written || report(output->path, "cannot write");
}

// A folder in the way is found before anything is replaced.
static bool check_place(const struct output *output)
{
    struct stat info;
    if (lstat(output->path, &info) == 0 && S_ISDIR(info.st_mode)) {
        errno = EISDIR;
        return report(output->path, "cannot put the file in place");
    }
    return true;
}

// Makes `path` what it was before.
static void put_back(const struct output *output)
{
    if (output->had_earlier) {
        (void)rename(output->earlier, output->path);
    } else if (output->was_missing) {
        (void)unlink(output->path);
    }
}

static bool move_all(struct output outputs[OUTPUTS_MAX], size_t count)
{
    size_t moved = 0;
    while (moved < count) {
        struct output *output = &outputs[moved];
        output->had_earlier = link(output->path, output->earlier) == 0;
        output->was_missing = !output->had_earlier && errno == ENOENT;
        if (rename(output->temporary, output->path) != 0) {
            (void)report(output->path, "cannot put the file in place");
            break;
        }
        moved++;
    }
    for (size_t i = 0; i < moved && moved < count; i++) {
        put_back(&outputs[i]);
    }
    for (size_t i = 0; i < count; i++) {
        (void)unlink(outputs[i].earlier); // gone already if it was put back
    }
    return moved == count;
}

bool gen_write_files(const struct gen_unit *unit, const char *directory)
{
    struct output outputs[OUTPUTS_MAX] = {0};
    const char *prefix = unit->prefix;
    size_t count = unit->has_cpp ? 3 : 2;
    bool is_done = make_directory(directory)
                   && output_init(&outputs[0], directory, prefix, "h", gen_emit_header)
                   && output_init(&outputs[1], directory, prefix, "c", gen_emit_source)
                   && output_init(&outputs[2], directory, prefix, "hpp", gen_emit_cpp);
    if (!is_done) {
        return false;
    }
    for (size_t i = 0; i < count && is_done; i++) {
        is_done = check_place(&outputs[i]);
    }
    for (size_t i = 0; i < count && is_done; i++) {
        is_done = write_temporary(&outputs[i], unit);
    }
    is_done = is_done && move_all(outputs, count);
    for (size_t i = 0; i < count; i++) {
        (void)unlink(outputs[i].temporary); // gone already unless something failed
    }
    return is_done;
}
