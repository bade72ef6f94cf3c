# The Tab key for iconface in bash 4 and later; made by: iconface completion bash
_iconface() {
    local word
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        COMPREPLY+=("$word")
    done < <(_ICONFACE_COMPLETE="bash:$2" "$1" "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)
}
# "filenames": blanks in a name are quoted
complete -o default -o filenames -F _iconface iconface
