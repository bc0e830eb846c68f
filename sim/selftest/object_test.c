// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

static unsigned releases;
static unsigned closes;

static void release_object(struct myc_sim *world, struct sim__object *object)
{
    releases++;
    sim__free(world, object);
}

static void
closed_object(struct myc_sim *world, struct sim__object *object, struct sim__process *process)
{
    (void)world;
    (void)object;
    (void)process;
    closes++;
}

static const struct sim__object_ops pipe_ops = {
    .kind = "pipe", .release = release_object, .closed = closed_object};
static const struct sim__object_ops other_ops = {.kind = "other", .release = release_object};

static int idle(struct myc_platform *platform, void *arg)
{
    static struct myc_atomic_u32 word;
    (void)arg;
    while (platform != NULL) {
        (void)myc_wait_wait(platform->wait, &word, 0, MYC_NEVER, MYC_WAIT_PROCESS);
    }
    return 0;
}

static void direct_descriptors(struct myc_sim *sim)
{
    struct myc_sim_process id = myc_sim_start(sim, "host", "owner", idle, NULL);
    struct sim__process *process = sim__process_find(sim, id.id);
    if (process == NULL) {
        myc_sim_fail(sim, "the process is not known");
    }
    struct sim__object *pipe = sim__allocate(sim, sizeof(*pipe));
    releases = 0;
    closes = 0;
    sim__object_init(sim, pipe, &pipe_ops);
    struct myc_handle a = sim__descriptor_insert(process, pipe);
    struct myc_handle b = sim__descriptor_insert(process, pipe);
    struct myc_handle c = sim__descriptor_insert(process, pipe);
    sim__object_drop(sim, pipe);
    myc_sim_check(sim, a.value == 1 && b.value == 2 && c.value == 3, "numbers count up");
    myc_sim_check(sim, sim__descriptor_lookup(process, b, &pipe_ops) == pipe, "it is found");
    myc_sim_check(sim, sim__descriptor_lookup(process, b, NULL) == pipe, "as any kind too");
    myc_sim_check(sim, sim__descriptor_lookup(process, b, &other_ops) == NULL, "not as another");
    myc_sim_check(sim, sim__descriptor_close(process, b), "it closes");
    myc_sim_check(sim, !sim__descriptor_close(process, b), "once");
    myc_sim_check(sim, sim__descriptor_lookup(process, b, NULL) == NULL, "then it is gone");
    myc_sim_check(sim, !sim__descriptor_close(process, (struct myc_handle){0}), "0 is none");
    myc_sim_check(sim, !sim__descriptor_close(process, (struct myc_handle){999}), "999 is none");
    struct myc_handle d = sim__descriptor_insert(process, pipe);
    myc_sim_check(sim, d.value == 2, "the lowest free number comes back");
    myc_sim_check(sim, releases == 0 && closes == 1, "others still hold it");
    (void)sim__descriptor_close(process, a);
    (void)sim__descriptor_close(process, c);
    (void)sim__descriptor_close(process, d);
    myc_sim_check(sim, releases == 1 && closes == 4, "the last close releases it");
    myc_sim_check(sim, process->descriptor_count == 0, "the table is empty");
}

// Numbers are the lowest free ones, kinds are told apart, and the last close releases the object.
static void test_descriptor_numbers_and_references(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_descriptors));
}

static void direct_handle_limit(struct myc_sim *sim)
{
    struct myc_sim_process id = myc_sim_start(sim, "host", "owner", idle, NULL);
    struct sim__process *process = sim__process_find(sim, id.id);
    if (process == NULL) {
        myc_sim_fail(sim, "the process is not known");
    }
    struct sim__object *pipe = sim__allocate(sim, sizeof(*pipe));
    sim__object_init(sim, pipe, &pipe_ops);
    for (unsigned i = 0; i < SIM__HANDLES_MAX; i++) {
        myc_sim_check(sim, sim__descriptor_insert(process, pipe).value == i + 1, "there is room");
    }
    myc_sim_check(sim, sim__descriptor_insert(process, pipe).value == 0, "then it is full");
    sim__object_drop(sim, pipe);
    releases = 0;
    myc_sim_kill(sim, id);
    myc_sim_check(sim, releases == 1, "death closes them all");
}

// A full table says so instead of growing; the owner's death empties it.
static void test_descriptor_table_is_bounded(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_handle_limit));
}

static int keep_a_handle(struct myc_platform *platform, void *arg)
{
    struct myc_sim *sim = arg;
    struct sim__process *self = sim__process_current(sim);
    struct sim__object *pipe = sim__allocate(sim, sizeof(*pipe));
    (void)platform;
    if (self == NULL) {
        return 1;
    }
    sim__object_init(sim, pipe, &other_ops);
    (void)sim__descriptor_insert(self, pipe);
    sim__object_drop(sim, pipe);
    return 0;
}

static void direct_handle_leak(struct myc_sim *sim)
{
    (void)run_process(sim, keep_a_handle, sim);
}

// A process that returns with an open handle fails the run, and the report names its kind.
static void test_handle_leak_is_reported(void **state)
{
    (void)state;
    assert_failed_with(
        run_boring(direct_handle_leak), "1 handles not closed; one is handle 1, a other");
}

static void direct_mappings(struct myc_sim *sim)
{
    struct myc_sim_process id = myc_sim_start(sim, "host", "owner", idle, NULL);
    struct sim__process *process = sim__process_find(sim, id.id);
    if (process == NULL) {
        myc_sim_fail(sim, "the process is not known");
    }
    char *base = sim__allocate(sim, 40 * 100);
    uint64_t segment = 0;
    uint64_t offset = 0;
    for (unsigned i = 0; i < 40; i++) {
        sim__mapping_add(process, base + (size_t)i * 100, 60, i + 1, 0);
    }
    for (unsigned i = 0; i < 40; i++) {
        const char *at = base + (size_t)i * 100;
        bool is_first = sim__mapping_find(process, at, &segment, &offset);
        myc_sim_check(sim, is_first && segment == i + 1 && offset == 0, "the first byte");
        bool is_last = sim__mapping_find(process, at + 59, &segment, &offset);
        myc_sim_check(sim, is_last && segment == i + 1 && offset == 59, "the last byte");
        myc_sim_check(
            sim, !sim__mapping_find(process, at + 60, &segment, &offset), "the byte after it");
    }
    sim__mapping_remove(process, base + 1000);
    myc_sim_check(
        sim, !sim__mapping_find(process, base + 1000, &segment, &offset), "it is forgotten");
    myc_sim_check(
        sim,
        sim__mapping_find(process, base + 3905, &segment, &offset) && segment == 40,
        "others are not");
}

// An address is found in the mapping that shows it, to the byte.
static void test_mapping_is_found_by_address(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_mappings));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptor_numbers_and_references),
        cmocka_unit_test(test_descriptor_table_is_bounded),
        cmocka_unit_test(test_handle_leak_is_reported),
        cmocka_unit_test(test_mapping_is_found_by_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
