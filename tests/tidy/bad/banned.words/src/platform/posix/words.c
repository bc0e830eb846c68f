// SPDX-License-Identifier: MIT OR Apache-2.0
void *g(void)
{
    return malloc(4);
}
