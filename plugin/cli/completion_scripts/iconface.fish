# The Tab key for iconface in fish; made by: iconface completion fish
function __iconface_complete
    set -l earlier (commandline -opc)
    set -e earlier[1]
    set -lx _ICONFACE_COMPLETE "fish:"(commandline -ct)
    iconface $earlier 2>/dev/null
end
complete --command iconface --arguments "(__iconface_complete)"
