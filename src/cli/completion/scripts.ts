/** The shells that can be completed in. */
export const SHELLS = ["bash", "fish", "zsh"] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * The script that makes `shell` complete `program`. It asks `program __complete WORDS…` each time, so that it never has
 * to be made again; how the answer reads tells answer.ts.
 */
export function completionScript(shell: Shell, program: string): string {
  return SCRIPTS[shell].replaceAll("PROGRAM", program);
}

/**
 * bash takes `:` and `=` for the ends of words, so that the line is split here; what bash holds for finished is cut off
 * from the answers. Works without the package bash-completion.
 */
const BASH = `# bash completion for PROGRAM
_PROGRAM_complete() {
  local line=\${COMP_LINE:0:COMP_POINT} words=() out=() directive current cut each
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  mapfile -t out < <("\${words[0]}" __completeNoDesc "\${words[@]:1}" 2>/dev/null)
  (( \${#out[@]} )) || return
  directive=\${out[-1]#:}
  unset 'out[-1]'
  current=\${words[-1]}
  cut=\${current%"\${COMP_WORDS[COMP_CWORD]}"}
  [[ \${COMP_WORDS[COMP_CWORD]} == [=:] ]] && cut=$current
  COMPREPLY=()
  for each in "\${out[@]}"; do
    [[ $each == "$current"* ]] && COMPREPLY+=("\${each#"$cut"}")
  done
  (( directive & 2 )) && compopt -o nospace
  if (( directive & 16 )); then
    compopt -o filenames
    mapfile -t -O \${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "\${current#"$cut"}")
  elif ! (( directive & 4 )); then
    compopt -o filenames 2>/dev/null
    mapfile -t -O \${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "\${current#"$cut"}")
  fi
}
complete -F _PROGRAM_complete PROGRAM
`;

const ZSH = `#compdef PROGRAM
# zsh completion for PROGRAM
_PROGRAM() {
  local -a out entries
  local line directive
  out=("\${(@f)$("\${words[1]}" __complete "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  (( \${#out} )) || return 1
  directive=\${out[-1]#:}
  out[-1]=()
  for line in "\${out[@]}"; do
    [[ -n $line ]] && entries+=("\${\${line//:/\\\\:}/$'\\t'/:}")
  done
  local -a nospace
  (( directive & 2 )) && nospace=(-S '')
  (( \${#entries} )) && _describe -V 'completions' entries "\${nospace[@]}"
  if (( directive & 16 )); then
    _files -/
  elif ! (( directive & 4 )); then
    _files
  fi
}
if [ "$funcstack[1]" = _PROGRAM ]; then
  _PROGRAM "$@"
else
  compdef _PROGRAM PROGRAM
fi
`;

const FISH = `# fish completion for PROGRAM
function __PROGRAM_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l out ($words[1] __complete $words[2..-1] 2>/dev/null)
    test (count $out) -gt 0; or return
    set -l directive (string replace ':' '' -- $out[-1])
    set -e out[-1]
    test (count $out) -gt 0; and printf '%s\\n' $out
    if test (math "bitand($directive, 16)") -gt 0
        __fish_complete_directories (commandline -ct)
    else if test (math "bitand($directive, 4)") -eq 0
        __fish_complete_path (commandline -ct)
    end
end
complete -c PROGRAM -f -k -a '(__PROGRAM_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, fish: FISH, zsh: ZSH };
