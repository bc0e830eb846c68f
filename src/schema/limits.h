// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How much a contract may hold. What counts types and nesting bounds the work of whoever reads one
 * that a peer sent.
 */
#ifndef MYC_SCHEMA_LIMITS_H
#define MYC_SCHEMA_LIMITS_H

enum {
    MYC__SCHEMA_NAME_MAX = 63,            /* characters of a name, without its terminator */
    MYC__SCHEMA_MESSAGES_MAX = 1024,      /* messages in a contract */
    MYC__SCHEMA_FIELDS_MAX = 1024,        /* fields in a message or struct */
    MYC__SCHEMA_TYPES_MAX = 1024,         /* enums, and structs, and unions in a contract */
    MYC__SCHEMA_MEMBERS_MAX = 1024,       /* values of an enum, variants of a union */
    MYC__SCHEMA_NESTING_MAX = 8,          /* structs and unions inside each other in a message */
    MYC__SCHEMA_BYTES_MAX = 65536,        /* elements of an array, a vector or a string */
    MYC__SCHEMA_STRUCT_MAX = 1024 * 1024, /* bytes of one message or struct */
};

#endif
