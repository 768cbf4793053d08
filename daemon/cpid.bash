# bash completion for cpid(8)                                              -*- shell-script -*-
# tests/lint/pages.py holds verbs and options to the program's help.

# Names of the indicators that the configuration on the command line defines.
_cpid_indicators() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -c | --config)
            sed -n '/^indicators/,/^);/s/.*{ *name *= *"\([^"]*\)".*/\1/p' "${COMP_WORDS[i + 1]}" 2>/dev/null
            ;;
        esac
    done
}

_cpid_sources() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -c | --config)
            sed -n 's/.*topics *= *\[\([^]]*\)\].*/\1/p' "${COMP_WORDS[i + 1]}" 2>/dev/null | tr -d '",'
            ;;
        esac
    done
}

_cpid() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "check explain replay run topics demo --help --version" -- "$word"))
        return
    fi
    case $before in
    -c | --config | -o | --keep | --facts)
        COMPREPLY=($(compgen -f -- "$word"))
        return
        ;;
    --explain | --indicator)
        COMPREPLY=($(compgen -W "$(_cpid_indicators)" -- "$word"))
        return
        ;;
    -t | --topic)
        COMPREPLY=($(compgen -W "$(_cpid_sources)" -- "$word"))
        return
        ;;
    -i)
        COMPREPLY=($(compgen -W "$(_cpid_sources)" -S = -- "$word"))
        compopt -o nospace 2>/dev/null
        return
        ;;
    --clock)
        COMPREPLY=($(compgen -W "real record" -- "$word"))
        return
        ;;
    --indicators)
        COMPREPLY=($(compgen -W "$(cpid check --indicators 2>/dev/null | sed -n 's/^  \([a-z_]*\) .*/\1/p')" -- "$word"))
        return
        ;;
    --pack)
        COMPREPLY=($(compgen -W "$(ls /usr/share/cpid/sources 2>/dev/null | sed -n 's/\.conf$//p')" -- "$word")
            $(compgen -f -- "$word"))
        return
        ;;
    --instance | --until | --seed | --speed | --entity | --at | --window | --known | --brokers)
        return
        ;;
    esac
    case ${COMP_WORDS[1]} in
    check) options="-c --config --explain --kafka --pack --settings --indicators --help" ;;
    explain)
        options="-c --config -t --topic --json --entity --indicator --at --window --known -i --facts --brokers --help"
        ;;
    replay) options="-c --config -i -o --every-boundary --until --help" ;;
    run) options="-c --config --instance --clock --help" ;;
    topics) options="-c --config --create --help" ;;
    demo) options="--seed --speed --keep --help" ;;
    esac
    if [[ $word == -* || -z $word ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}
complete -o filenames -F _cpid cpid
