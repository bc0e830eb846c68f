// SPDX-License-Identifier: MIT OR Apache-2.0
#include "ring/broadcast.h"
#include <stdint.h>
