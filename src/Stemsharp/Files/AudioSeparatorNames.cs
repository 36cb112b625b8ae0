using System.Text.RegularExpressions;

namespace Stemsharp.Files;

/// <summary>Names of files as audio-separator gives them: what any system forbids becomes an underscore, several of them one.</summary>
/// <param name="Model">What it calls the model: its file's name up to the first dot.</param>
/// <param name="Capitals">Whether it has stems' names of its own for the model, which begin with a capital, and not those of the trainer.</param>
internal sealed partial record AudioSeparatorNames(string Model, bool Capitals)
{
    /// <summary>The pattern of its files' names.</summary>
    public const string Pattern = "{track}_({stem})_{model}.{ext}";

    private const string Rest = "no_", RestThere = "No ";

    /// <summary>A song's name.</summary>
    public static string Track(string track) => Clean(track);

    /// <summary>A stem's name, with the rest beside one as <c>No STEM</c>.</summary>
    public string Stem(string stem) => Clean(
        stem.StartsWith(Rest, StringComparison.Ordinal) ? RestThere + Own(stem[Rest.Length..]) : Own(stem));

    /// <summary>The model's name.</summary>
    public string ModelName => Clean(Model.Split('.')[0]);

    private string Own(string stem) => Capitals && stem.Length > 0 ? char.ToUpperInvariant(stem[0]) + stem[1..] : stem;

    private static string Clean(string name) => Underscores().Replace(Forbidden().Replace(name, "_"), "_").Trim('_', '.', ' ');

    [GeneratedRegex("""[<>:"/\\|?*]""")]
    private static partial Regex Forbidden();

    [GeneratedRegex("_+")]
    private static partial Regex Underscores();
}
