// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Places: where a block of memory lives that threads or processes work on, a ring's say.
 *
 * A block on the heap is this process's own. A sealed one is handed to others, who can only read
 * it. A named one is found by its name on the host, a file's by its path: those two begin with a
 * header that describes them, so that who attaches needs to be told nothing but the name. Each such
 * place has one owner at a time and a generation; a generation that is over is never continued
 * under the feet of those who are attached to it: they keep their memory and are told.
 *
 * docs/reference/places.md says which place promises what.
 *
 * Threads: a place belongs to one thread at a time.
 */
#ifndef MYC_PLACE_H
#define MYC_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/platform.h>
#include <mycelium/interface/process.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MYC_PLACE_NAME_MAX = 30,         /* characters: with a slash in front 31, as systems allow */
    MYC_PLACE_PATH_MAX = 255,        /* of a file */
    MYC_PLACE_HEADER_BYTES = 4096,   /* in front of a named or a file's pages and block */
    MYC_PLACE_PAGE_BYTES = 4096,     /* blocks are whole pages, and so is what attachers write */
    MYC_PLACE_PAGES_MAX = 4096,      /* for attachers */
    MYC_PLACE_CONTENT_RING = 1,      /* the block is a ring; see mycelium/ring_place.h */
    MYC_PLACE_CONTENT_USER_MIN = 256 /* numbers from here on are the caller's */
};

enum myc_place_kind {
    MYC_PLACE_HEAP,   /* of this process */
    MYC_PLACE_SEALED, /* anonymous; whoever gets the handle reads it */
    MYC_PLACE_NAMED,  /* found by a name on the host, until it is removed or the power goes */
    MYC_PLACE_FILE /* found by a path; what it holds outlives processes, not a boot of the host */
};

/** What an owner makes of a place that is there already. */
enum myc_place_existing {
    MYC_PLACE_REFUSE,   /* EXISTS */
    MYC_PLACE_RECREATE, /* another one, empty, of the next generation, takes the name over */
    MYC_PLACE_TAKE_OVER /* goes on with what is there, if that is whole and of the same sizes */
};

struct myc_place_options {
    enum myc_place_kind kind;
    const char *name; /* NAMED: the name. FILE: the path. SEALED: for listings, may be NULL */
    size_t bytes;     /* of the block: whole pages, at least one */
    enum myc_place_existing existing; /* NAMED and FILE */
    uint32_t content;                 /* NAMED and FILE: what the block is, at least 1 */
    uint32_t page_count; /* NAMED and FILE: pages in front of the block that attachers may write */
    bool is_huge;        /* HEAP and SEALED: huge pages of 2 MiB or none */
    bool is_kept;        /* NAMED and FILE: myc_place_close() leaves it to the next owner */
};

/** A place; private fields. Placed by the caller, zero before; does not move. */
struct myc_place {
    struct myc_platform *platform; /* NULL: there is none */
    enum myc_place_kind kind;
    struct myc_handle handle;
    unsigned char *memory;
    size_t memory_bytes; /* as mapped or allocated */
    unsigned char *block;
    size_t block_bytes;
    uint64_t generation;
    uint32_t page_count;
    bool is_owner;
    bool is_kept;
    bool is_mapped; /* else from the platform's memory */
    bool was_taken_over;
    char name[MYC_PLACE_PATH_MAX + 1];
};

/**
 * Whether this can be the name of a place: for NAMED 1 to 30 of A-Z a-z 0-9 . _ - and no dot or
 * dash first, for FILE a path of 1 to 255 bytes. [PLACE-1]
 *
 * Errors: INVALID, with what is wrong in the diagnostic. Threads: any.
 */
MYC_MUST_USE enum myc_status
myc_place_check_name(enum myc_place_kind kind, const char *name, struct myc_diagnostic *diagnostic);

/**
 * Makes a place, or takes one over, and owns it. The block is zero unless it was taken over; lay it
 * out, then call myc_place_publish(). [PLACE-2]
 *
 * What is at a name and is no place of ours is never replaced, except an empty file and one that
 * begins with a page of zeros.
 *
 * Ownership: the caller closes it. The lock of a name ends with the process that holds it, or with
 * the last of its children that did not exec. `platform` outlives the place.
 * Errors, after which nothing is mapped and nothing at the name has changed: INVALID (an option;
 * the diagnostic says which), EXISTS, IN_USE (its owner lives), DENIED, NOT_FOUND (no such
 * directory), NO_MEMORY, LIMIT, IO; when it is there already, what myc_place_attach() answers.
 * Of TAKE_OVER: PEER_DIED (its owner died while it made or ended it), STALE (of before the host
 * booted); recreate it.
 */
MYC_MUST_USE enum myc_status myc_place_create(
    struct myc_place *place,
    struct myc_platform *platform,
    const struct myc_place_options *options,
    struct myc_diagnostic *diagnostic);

/**
 * The block is laid out: whoever attaches from now on sees it whole. Only its owner; again or after
 * a take-over without effect. [PLACE-3]
 */
void myc_place_publish(struct myc_place *place);

/**
 * Attaches to a named place or a file, for reading: all sizes come from its header, each checked.
 * [PLACE-4]
 *
 * Ownership: the caller closes it.
 * Errors, after which nothing is mapped: NOT_FOUND; AGAIN (its owner is making it); PEER_DIED (its
 * owner died while it made it); CLOSED or STALE (this generation is over: its owner ended it, or
 * another took the name over meanwhile, or the host has booted since); CORRUPT (too short, foreign,
 * damaged: the diagnostic says what); MISMATCH (of another version, byte order or content); INVALID
 * (the name); DENIED, NO_MEMORY, LIMIT, IO.
 */
MYC_MUST_USE enum myc_status myc_place_attach(
    struct myc_place *place,
    struct myc_platform *platform,
    enum myc_place_kind kind,
    const char *name,
    uint32_t content,
    struct myc_diagnostic *diagnostic);

/**
 * Takes the handle of a sealed place that another process made: checks size and seals, maps the
 * block for reading. [PLACE-5]
 *
 * Ownership: the handle is closed in any case. Errors: CORRUPT (not sealed, or of another size),
 * NO_MEMORY.
 */
MYC_MUST_USE enum myc_status myc_place_receive(
    struct myc_place *place,
    struct myc_platform *platform,
    struct myc_handle handle,
    size_t bytes,
    struct myc_diagnostic *diagnostic);

/**
 * How the generation that one is attached to stands. [PLACE-6]
 *
 * Returns: OK (its owner lives); PEER_DIED (nobody owns it: its owner died, or left it for the
 * next, with whom it becomes OK again); CLOSED (its owner ended it); STALE (another generation took
 * the name over); IO. Always OK for owners, and for what has no name. Costs a system call.
 */
MYC_MUST_USE enum myc_status myc_place_state(struct myc_place *place);

/**
 * Maps one of the pages that attachers may write, from 0. The owner has all of them mapped already.
 * [PLACE-7]
 *
 * Ownership: the caller gives it back with myc_place_unmap_page(). Errors: INVALID (there is no
 * such page), NO_MEMORY.
 */
MYC_MUST_USE enum myc_status
myc_place_map_page(struct myc_place *place, uint32_t index, void **out_page);

/** Accepts NULL. */
void myc_place_unmap_page(struct myc_place *place, void *page);

/** One of those pages as mapped with the rest: writable for the owner, else for reading; NULL if
 * there is none. */
void *myc_place_page(const struct myc_place *place, uint32_t index);

/** The block: writable for the owner, else for reading. */
struct myc_span myc_place_block(const struct myc_place *place);

/** The handle of a sealed place, to be passed on; stays the place's. */
struct myc_handle myc_place_handle(const struct myc_place *place);

/** Which generation this is, never 0; 0 for what has no name. A later one is greater, unless the
 * name had been removed in between: then it is just another one. */
uint64_t myc_place_generation(const struct myc_place *place);

/** Whether myc_place_create() went on with what was there. */
bool myc_place_was_taken_over(const struct myc_place *place);

/** Changes an owner's mind about what myc_place_close() does; see `is_kept`. */
void myc_place_keep(struct myc_place *place, bool is_kept);

/**
 * Unmaps and closes. An owner ends the generation and removes the name, or, if the place is kept
 * and was published, leaves both to the next owner. Accepts a zeroed place and leaves one.
 * [PLACE-8]
 */
void myc_place_close(struct myc_place *place);

/** What a header says, and what is known of its owner. */
struct myc_place_info {
    uint64_t memory_bytes;
    uint64_t block_bytes;
    uint64_t generation;
    uint32_t content;
    uint32_t page_count;
    bool is_ready; /* it was published */
    bool is_over;  /* its generation has ended */
    bool has_owner;
    struct myc_process_identity creator;
};

/**
 * Describes a named place or a file without attaching, also one that is not ready. [PLACE-9]
 *
 * Errors: as myc_place_attach(), without AGAIN, PEER_DIED, CLOSED and STALE.
 */
MYC_MUST_USE enum myc_status myc_place_describe(
    struct myc_platform *platform,
    enum myc_place_kind kind,
    const char *name,
    struct myc_place_info *out_info,
    struct myc_diagnostic *diagnostic);

#ifdef __cplusplus
}
#endif

#endif
