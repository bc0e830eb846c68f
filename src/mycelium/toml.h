// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Topology files: TOML text in, topology out. An optional component: mycelium::toml.
 *
 *     [nodes.market]
 *     endpoint = "unix:market.sock"
 *     services = ["adapter"]
 */
#ifndef MYC_TOML_H
#define MYC_TOML_H

#include <stddef.h>

#include <mycelium/diagnostic.h>
#include <mycelium/interface/platform.h>
#include <mycelium/status.h>
#include <mycelium/topology.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads a topology from TOML bytes. `name` is the file's, for messages; relative socket paths are
 * taken below `directory` unless that is NULL. Unknown keys are errors.
 *
 * Returns: OK with a topology that passes myc_topology_check(), or SYNTAX with "name:line: what to
 * do". Blocking: never. Threads: any. [TOML-1]
 */
MYC_MUST_USE enum myc_status myc_toml_parse_topology(
    const char *text,
    size_t size,
    const char *name,
    const char *directory,
    struct myc_topology *out_topology,
    struct myc_diagnostic *diagnostic);

/** The same from a file, read through the platform. Errors: also NOT_FOUND, DENIED, TOO_BIG, IO. */
MYC_MUST_USE enum myc_status myc_toml_load_topology(
    struct myc_platform *platform,
    const char *path,
    const char *directory,
    struct myc_topology *out_topology,
    struct myc_diagnostic *diagnostic);

#ifdef __cplusplus
}
#endif

#endif
