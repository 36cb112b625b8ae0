using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.Extensions.DependencyInjection;

namespace Stemsharp.Tests;

/// <summary>
/// The C# examples of a page, compiled as a reader's new program would: with the usings of a console project and those that the page prints, and
/// nothing else. What the pages' words introduce (<c>model</c>, <c>song</c>, …) is there as fields.
/// </summary>
internal static partial class Snippets
{
    private static readonly string[] s_implicit =
        ["System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading", "System.Threading.Tasks"];

    private static readonly MetadataReference[] s_references =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];

    /// <summary>The examples of a page in their order.</summary>
    public static IReadOnlyList<string> Of(string page) =>
        [.. Block().Matches(File.ReadAllText(page).ReplaceLineEndings("\n")).Select(match => match.Groups[1].Value)];

    /// <summary>One program for each example, with every using that was printed up to it.</summary>
    /// <exception cref="InvalidOperationException">One does not compile; the message has the compiler's errors.</exception>
    public static IReadOnlyList<Assembly> Compile(string page, IReadOnlyList<string> examples)
    {
        List<string> usings = [];
        List<Assembly> programs = [];
        foreach (string example in examples)
        {
            usings.AddRange(Using().Matches(example).Select(match => match.Value));
            string body = Using().Replace(example, "");
            if (!string.IsNullOrWhiteSpace(body))
            {
                programs.Add(Compile(page, Source(usings, body)));
            }
        }

        return programs;
    }

    /// <summary>Runs a program that was compiled from an example.</summary>
    /// <param name="program">The program.</param>
    /// <param name="words">Values of what the page's words introduce.</param>
    public static Task RunAsync(Assembly program, params (string Name, object Value)[] words)
    {
        Type type = program.GetType("Example")!;
        foreach ((string name, object value) in words.Append(("services", new ServiceCollection())))
        {
            type.GetField(name)!.SetValue(null, value);
        }

        return (Task)type.GetMethod("RunAsync")!.Invoke(null, null)!;
    }

    private static string Source(IEnumerable<string> usings, string body)
    {
        // A page that speaks of errors shows what follows the block that was tried.
        body = body.StartsWith("catch ", StringComparison.Ordinal) ? $"try {{ await Task.Yield(); }}\n{body}" : body;
        bool isType = body.TrimStart().StartsWith("internal ", StringComparison.Ordinal);
        return $$"""
            {{string.Join('\n', s_implicit.Select(name => $"global using {name};"))}}
            {{string.Join('\n', usings.Distinct())}}
            {{(isType ? body : "")}}
            public static class Example
            {
                public static string model = "", song = "", folder = "", token = "";
                public static float[] interleaved = [];
                public static Stemsharp.Separator separator = null!;
                public static Microsoft.Extensions.DependencyInjection.IServiceCollection services = null!;
                public static System.IServiceProvider provider = null!;

                public static async Task RunAsync()
                {
                    {{(isType ? "" : body)}}
                    await Task.CompletedTask;
                }
            }
            """;
    }

    private static Assembly Compile(string page, string source)
    {
        CSharpCompilation compilation = CSharpCompilation.Create(
            $"Example{Guid.NewGuid():N}",
            [CSharpSyntaxTree.ParseText(source)],
            s_references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        using MemoryStream image = new();
        return compilation.Emit(image) is { Success: false } result
            ? throw new InvalidOperationException($"{page}\n{string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error))}\n{source}")
            : Assembly.Load(image.ToArray());
    }

    [GeneratedRegex(@"^```csharp\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^using [A-Za-z.]+;$", RegexOptions.Multiline)]
    private static partial Regex Using();
}
