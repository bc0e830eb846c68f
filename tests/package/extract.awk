# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Turns a guide into a script: awk -v DIR=folder -f extract.awk guide.md >script
#
# A block "```LANGUAGE FILE" is written to that file; "```diff" is applied with patch; of "```console"
# each "$ command" is run and the lines below it are compared by expect(), which the caller defines.
# In "```console fails" the last command must fail. Blocks come in order. The bodies go to files in
# DIR/.blocks, because they may hold anything.
function finish_command() {
    if (command == "") return
    close(body)
    printf "expect %d %s/%d <<'END_OF_COMMAND'\n%s\nEND_OF_COMMAND\n", fails, blocks, count, command
    command = ""
}
BEGIN { blocks = ".blocks" }
!inside && /^```[a-z]+/ {
    inside = 1
    kind = "text"
    language = substr($1, 4)
    if (language == "console") {
        kind = "console"
        fails = ($2 == "fails")
    } else {
        count++
        body = DIR "/" blocks "/" count
        printf "" >body
        if (language == "diff") kind = "diff"
        else if ($2 != "") { kind = "file"; file = $2 }
    }
    next
}
inside && /^```$/ {
    inside = 0
    if (kind == "console") finish_command()
    else close(body)
    if (kind == "diff") printf "apply %s/%d\n", blocks, count
    if (kind == "file") printf "cp %s/%d %s\n", blocks, count, file
    next
}
inside && kind == "console" && /^\$ / {
    finish_command()
    command = substr($0, 3)
    count++
    body = DIR "/" blocks "/" count
    printf "" >body
    next
}
inside { print >body }
END { if (inside) { print "die 'a block does not end'"; exit 1 } }
