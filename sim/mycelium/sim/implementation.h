// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The implementation unit of the simulator: included by sim.h where MYC_SIM_IMPLEMENTATION is
 * defined.
 */
#ifndef MYC_SIM_IMPLEMENTATION_H
#define MYC_SIM_IMPLEMENTATION_H

#include <mycelium/sim/choice_implementation.h>
#include <mycelium/sim/fiber_implementation.h>

#include <mycelium/sim/fault.h>
#include <mycelium/sim/fault_expected.h>
#include <mycelium/sim/internal.h>
#include <mycelium/sim/scheduler.h>
#include <mycelium/sim/scheduler_chosen.h>
#include <mycelium/sim/scheduler_operations.h>
#include <mycelium/sim/scheduler_starve.h>

#include <mycelium/sim/marks.h>
#include <mycelium/sim/world.h>

#include <mycelium/sim/host.h>

#include <mycelium/sim/director.h>
#include <mycelium/sim/history_calls.h>
#include <mycelium/sim/history_memory.h>
#include <mycelium/sim/history_record.h>
#include <mycelium/sim/report.h>
#include <mycelium/sim/report_page.h>
#include <mycelium/sim/runner_double.h>
#include <mycelium/sim/runner_explore.h>
#include <mycelium/sim/runner_guard.h>
#include <mycelium/sim/runner_onset.h>
#include <mycelium/sim/runner_shrink.h>
#include <mycelium/sim/runner_sweep.h>

#include <mycelium/sim/liveness.h>
#include <mycelium/sim/memory_model.h>
#include <mycelium/sim/wait_graph.h>

#include <mycelium/sim/runner.h>
#include <mycelium/sim/simcheck.h>
#include <mycelium/sim/trace_export.h>

#endif
