// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Status values: the one vocabulary in which every Mycelium function says how it went.
 *
 * One list generates the enum, the names, the sentences, the categories and the reference page.
 */
#ifndef MYC_STATUS_H
#define MYC_STATUS_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MYC_MUST_USE __attribute__((warn_unused_result))
#else
#define MYC_MUST_USE
#endif

/** X(name, category, sentence). The order is part of the ABI: add at the end only. */
#define MYC_STATUS_LIST(X)                                                                         \
    X(OK, NONE, "success")                                                                         \
    X(AGAIN, FLOW, "not ready now; try again after the object becomes ready")                      \
    X(TIMEOUT, FLOW, "the deadline passed first")                                                  \
    X(END, FLOW, "the other end finished; no more bytes will come")                                \
    X(FULL, FLOW, "no room until a reader advances")                                               \
    X(NO_SUBSCRIBER, FLOW, "nobody is subscribed; the message was counted and goes nowhere")       \
    X(CANCELLED, FLOW, "stopped by request before it finished")                                    \
    X(INVALID, CALLER, "an argument is outside what the function accepts")                         \
    X(CLOSED, CALLER, "the object was closed by its owner")                                        \
    X(TOO_BIG, CALLER, "larger than the object was created to hold")                               \
    X(NOT_FOUND, CALLER, "no object has that name")                                                \
    X(EXISTS, CALLER, "an object of that name already exists")                                     \
    X(WRONG_THREAD, CALLER, "called from a thread that does not own the object")                   \
    X(FORKED, CALLER, "the object belongs to the parent process")                                  \
    X(SYNTAX, CALLER, "the text is not well-formed or names something unknown")                    \
    X(UNSUPPORTED, CALLER, "this implementation does not offer the operation")                     \
    X(REFUSED, PEER, "nobody listens at that address")                                             \
    X(RESET, PEER, "the other end broke the connection")                                           \
    X(NOT_CONNECTED, PEER, "there is no connection")                                               \
    X(PEER_DIED, PEER, "the other process ended without saying goodbye")                           \
    X(MISMATCH, PEER, "the two ends disagree about protocol or contract")                          \
    X(STALE, PEER, "a newer attempt replaced this one")                                            \
    X(FENCED, PEER, "this reader was taken out of the ring and must join again")                   \
    X(NO_MEMORY, RESOURCE, "memory is exhausted")                                                  \
    X(LIMIT, RESOURCE, "a limit fixed at creation is reached")                                     \
    X(IN_USE, RESOURCE, "another live owner holds it")                                             \
    X(DENIED, RESOURCE, "permission denied")                                                       \
    X(CORRUPT, CORRUPT, "bytes from outside violate the format")                                   \
    X(POISONED, CORRUPT, "an internal invariant broke; the object refuses further work")           \
    X(IO, PLATFORM, "the operating system reported an error")                                      \
    X(CYCLE, CALLER, "the objects would wait for each other in a circle")                          \
    X(MISSING, PEER, "a reader that must be there is not, or stands still")

enum myc_status {
#define MYC_STATUS_ENUM_(name, category, sentence) MYC_##name,
    MYC_STATUS_LIST(MYC_STATUS_ENUM_)
#undef MYC_STATUS_ENUM_
        MYC_STATUS_COUNT
};

/** Who can do something about a status. */
enum myc_status_category {
    MYC_CATEGORY_NONE,     /* success */
    MYC_CATEGORY_FLOW,     /* nobody: an expected outcome */
    MYC_CATEGORY_CALLER,   /* the calling code */
    MYC_CATEGORY_PEER,     /* the process at the other end */
    MYC_CATEGORY_RESOURCE, /* whoever sized the limits or owns the machine */
    MYC_CATEGORY_CORRUPT,  /* whoever wrote the bytes, or us */
    MYC_CATEGORY_PLATFORM  /* the operating system */
};

/** The enumerator's name without its prefix, e.g. "TOO_BIG"; "UNKNOWN" outside the list. [STATUS-1]
 *
 * Ownership: a static string. Threads: any.
 */
const char *myc_status_name(enum myc_status status);

/** One lower-case sentence without a full stop that says what happened. [STATUS-2]
 *
 * Ownership: a static string. Threads: any.
 */
const char *myc_status_sentence(enum myc_status status);

/** The category of a status; MYC_CATEGORY_CORRUPT outside the list. [STATUS-3]
 *
 * Threads: any.
 */
enum myc_status_category myc_status_category(enum myc_status status);

#ifdef __cplusplus
}
#endif

#endif
