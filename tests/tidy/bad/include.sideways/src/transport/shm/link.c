// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transport/stream/link.h"
#include <mycelium/nowhere.h>
