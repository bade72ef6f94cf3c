#compdef iconface
# The Tab key for iconface in zsh; made by: iconface completion zsh
_iconface() {
    local line
    local -a found shown
    while IFS= read -r line; do
        found+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  -- }")
    done < <(_ICONFACE_COMPLETE="zsh:${(Q)words[CURRENT]}" iconface "${(@Q)words[2,CURRENT-1]}" 2>/dev/null)
    if (( $#found )); then
        compadd -l -d shown -a found
    else
        _files
    fi
}
if [[ "${funcstack[1]}" = _iconface ]]; then
    _iconface "$@"
else
    compdef _iconface iconface
fi
