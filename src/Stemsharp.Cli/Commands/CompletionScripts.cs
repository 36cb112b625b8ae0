namespace Stemsharp.Cli.Commands;

/// <summary>For each shell the script that asks the command itself what a word may become.</summary>
internal static class CompletionScripts
{
    private const string Bash = """
        # Completion of stemsharp for bash: eval "$(stemsharp completion bash)" in ~/.bashrc.
        _stemsharp() {
            local line="${COMP_LINE:0:COMP_POINT}"
            local full="${line##*[[:space:]]}" word="${COMP_WORDS[COMP_CWORD]}" candidate
            # What stands before "=" or ":" is a word of its own to bash.
            [[ $word == [=:] ]] && word=""
            local head="${full%"$word"}"
            COMPREPLY=()
            while IFS= read -r candidate; do
                COMPREPLY+=("${candidate#"$head"}")
            done < <("${COMP_WORDS[0]}" completion --complete "$line" 2>/dev/null)
        }
        complete -o default -o bashdefault -F _stemsharp stemsharp

        """;

    private const string Zsh = """
        #compdef stemsharp
        # Completion of stemsharp for zsh: eval "$(stemsharp completion zsh)" in ~/.zshrc behind compinit.
        _stemsharp() {
            local -a found
            found=("${(@f)$("${words[1]}" completion --complete "${(j: :)words[1,CURRENT]}" 2>/dev/null)}")
            found=("${(@)found:#}")
            if (( $#found )); then
                compadd -- "${found[@]}"
            else
                _files
            fi
        }
        compdef _stemsharp stemsharp

        """;

    private const string Fish = """
        # Completion of stemsharp for fish: stemsharp completion fish > ~/.config/fish/completions/stemsharp.fish
        function __stemsharp_complete
            set -l words (commandline -opc) (commandline -ct)
            stemsharp completion --complete "$words" 2>/dev/null
        end
        complete -c stemsharp -a '(__stemsharp_complete)'

        """;

    private const string PowerShell = """
        # Completion of stemsharp for PowerShell: stemsharp completion powershell | Out-String | Invoke-Expression in $PROFILE.
        Register-ArgumentCompleter -Native -CommandName stemsharp -ScriptBlock {
            param($word, $tree, $cursor)
            $length = $cursor - $tree.Extent.StartOffset
            $line = $tree.ToString().PadRight($length).Substring(0, $length)
            stemsharp completion --complete "$line" 2>$null | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
            }
        }

        """;

    /// <summary>The shells' names.</summary>
    internal static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish", "powershell"];

    /// <summary>A shell's script.</summary>
    internal static string Of(string shell) => (shell switch
    {
        "bash" => Bash,
        "zsh" => Zsh,
        "fish" => Fish,
        _ => PowerShell,
    }).ReplaceLineEndings("\n");
}
