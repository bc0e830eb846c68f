// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A large message through a small ring: one thread, a writer and a reader taking turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/framed.h>

enum { RING_BYTES = 64 * 1024, BIG_BYTES = 1000 * 1000, TYPE_NOTE = 1, TYPE_IMAGE = 2 };

static void on_message(const struct myc_framed_message *message, void *context)
{
    uint64_t *bytes = context;
    *bytes += message->size;
    printf(
        "type %u: %u bytes in %llu records, %s\n",
        (unsigned)message->type,
        (unsigned)message->size,
        (unsigned long long)(message->sequence - message->first_sequence + 1),
        message->is_copied ? "put together" : "read in place");
}

static void on_loss(const struct myc_framed_loss *loss, void *context)
{
    (void)context;
    printf("lost %u bytes: %s\n", (unsigned)loss->size, myc_framed_loss_text(loss->cause));
}

// Publishes a message, letting the reader read whenever the ring is full.
static enum myc_status send(
    struct myc_framed_writer *writer,
    struct myc_framed_source *source,
    uint16_t type,
    const void *payload,
    size_t size)
{
    enum myc_status status = myc_framed_publish(writer, type, 1, payload, size);
    while (status == MYC_AGAIN || status == MYC_FULL) {
        (void)myc_framed_poll(source, SIZE_MAX);
        status = status == MYC_AGAIN ? myc_framed_resume(writer)
                                     : myc_framed_publish(writer, type, 1, payload, size);
    }
    return status;
}

static int run(void *memory, size_t memory_bytes, void *page, void *slots, size_t slots_bytes)
{
    static struct myc_ring_writer ring;
    static struct myc_ring_reader reader;
    static unsigned char image[BIG_BYTES];
    static const char note[] = "a note";
    const struct myc_ring_options options = {.capacity_bytes = RING_BYTES, .readers_max = 1};
    const struct myc_framed_writer_options sending = {.fragment_bytes = 4096};
    const struct myc_framed_assembler_options receiving = {BIG_BYTES, 1};
    struct myc_ring_ticket ticket;
    struct myc_framed_writer writer;
    struct myc_framed_assembler assembler;
    struct myc_framed_source source;
    struct myc_diagnostic why;
    uint64_t bytes = 0;
    const struct myc_framed_handler handler = {on_message, on_loss, &bytes};
    if (myc_ring_writer_init(&ring, memory, memory_bytes, &options, &why) != MYC_OK
        || myc_ring_join(&ring, page, MYC_RING_LIVE, &ticket) != MYC_OK
        || myc_ring_reader_init(&reader, memory, memory_bytes, page, &ticket, &why) != MYC_OK
        || myc_framed_writer_init(&writer, &ring, &sending, &why) != MYC_OK
        || myc_framed_assembler_init(&assembler, slots, slots_bytes, &receiving, &why) != MYC_OK) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    myc_framed_source_init(&source, &assembler, &handler);
    myc_framed_attach(&source, &reader);
    memset(image, 0x5A, sizeof image);
    if (send(&writer, &source, TYPE_NOTE, note, sizeof note) != MYC_OK
        || send(&writer, &source, TYPE_IMAGE, image, sizeof image) != MYC_OK) {
        return 1;
    }
    myc_ring_writer_close(&ring);
    (void)myc_framed_poll(&source, SIZE_MAX);
    return bytes == sizeof note + sizeof image ? 0 : 1;
}

int main(void)
{
    const struct myc_ring_options options = {.capacity_bytes = RING_BYTES, .readers_max = 1};
    const struct myc_framed_assembler_options receiving = {BIG_BYTES, 1};
    size_t memory_bytes = myc_ring_memory_size(&options);
    size_t slots_bytes = myc_framed_memory_size(&receiving);
    void *memory = aligned_alloc(4096, memory_bytes);
    void *page = aligned_alloc(64, MYC_RING_PAGE_BYTES);
    void *slots = malloc(slots_bytes);
    int result = 1;
    if (memory != NULL && page != NULL && slots != NULL) {
        memset(memory, 0, memory_bytes);
        memset(page, 0, MYC_RING_PAGE_BYTES);
        result = run(memory, memory_bytes, page, slots, slots_bytes);
    }
    free(memory);
    free(page);
    free(slots);
    return result;
}
