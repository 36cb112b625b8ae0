using Stemsharp.Audio;

namespace Stemsharp.Cli.Batches;

/// <summary>One input of a batch.</summary>
/// <param name="Path">The absolute path, or "-" for standard input.</param>
/// <param name="Shown">The path as the user would recognise it.</param>
/// <param name="Folder">
/// The folder relative to the one that was searched ("" for a file named directly): its stems go to the same place
/// below the output folder.
/// </param>
internal sealed record Track(string Path, string Shown, string Folder)
{
    /// <summary>Standard input as a track.</summary>
    internal static readonly Track StandardInput = new("-", "standard input", "");

    internal bool IsStandardInput => Path == "-";

    /// <summary>What records call it: its path, or where the file at that path was fetched from.</summary>
    internal string Source { get; init; } = Path;

    /// <summary>Whether its bytes come once: standard input, or a pipe with a name such as a shell's <c>&lt;(…)</c>.</summary>
    internal bool IsReadOnce { get; } = Path == "-" || SpecialFile.TypeOf(Path) == FileType.Pipe;

    /// <summary>The name without what follows its last dot, as the original names a track's folder.</summary>
    internal string Name
    {
        get
        {
            string name = IsStandardInput ? "stdin" : System.IO.Path.GetFileName(Path);
            int dot = name.LastIndexOf('.');
            return dot > 0 ? name[..dot] : name;
        }
    }

    /// <summary>What follows the last dot of the name; the whole name when there is none, as in the original.</summary>
    internal string Extension
    {
        get
        {
            string name = IsStandardInput ? "stdin" : System.IO.Path.GetFileName(Path);
            int dot = name.LastIndexOf('.');
            return dot > 0 ? name[(dot + 1)..] : name;
        }
    }
}

/// <summary>Something among the inputs that gives no track.</summary>
/// <param name="Shown">The input as it was given.</param>
/// <param name="Message">Why.</param>
internal sealed record RejectedInput(string Shown, string Message);
