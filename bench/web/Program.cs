namespace Stemsharp.Web.Bench;

/// <summary>
/// How the web server bears many clients, how it looks after hundreds of jobs, and how fast its page is.
/// <code>
/// dotnet run -c Release --project bench/web -- load [clients]     default 50
/// dotnet run -c Release --project bench/web -- soak [jobs]        default 300
/// dotnet run -c Release --project bench/web -- page [seconds]     default 300, the length of the song
/// dotnet run -c Release --project bench/web -- list [jobs [build]]  default 5000, of this build's server
/// dotnet run -c Release --project bench/web -- onnx [model]       default synthetic:htdemucs
/// dotnet run -c Release --project bench/web -- picture [file]     default docs/images/page.gif, the page at work, filmed
/// </code>
/// </summary>
internal static class Program
{
    private static Task<int> Main(string[] args) => args switch
    {
        ["load", .. var rest] => LoadRun.RunAsync(Number(rest, 50)),
        ["soak", .. var rest] => SoakRun.RunAsync(Number(rest, 300)),
        ["page", .. var rest] => PageRun.RunAsync(Number(rest, 300)),
        ["list", .. var rest] => ListRun.RunAsync(Number(rest, 5000), rest.Length > 1 ? rest[1] : null),
        ["picture", .. var rest] => PictureRun.RunAsync(rest.Length > 0 ? rest[0] : "docs/images/page.gif"),
        ["onnx", .. var rest] => OnnxRun.RunAsync(rest.Length > 0 ? rest[0] : "synthetic:htdemucs"),
        _ => Help(),
    };

    private static int Number(string[] rest, int missing) => rest.Length > 0 ? int.Parse(rest[0]) : missing;

    private static Task<int> Help()
    {
        Console.Error.WriteLine("load [clients] | soak [jobs] | page [seconds] | list [jobs [build]] | onnx [model] | picture [file]");
        return Task.FromResult(2);
    }
}
