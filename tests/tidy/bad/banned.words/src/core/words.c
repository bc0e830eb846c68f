// SPDX-License-Identifier: MIT OR Apache-2.0
// strcpy(here) is prose, and so is "strcpy(" in a literal
int my_strcpy(void);
const char *literal = "strcpy(a, b)";
void f(char *a, const char *b)
{
    strcpy(a, b);
    a = malloc(4);
    int ret = atoi(b);
    /* TODO: later */
    open("/home/me/file");
}
