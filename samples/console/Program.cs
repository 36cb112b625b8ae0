// Takes a song apart: Stems SONG [FOLDER [MODEL]]
using Stemsharp;

if (args is not [string song, ..])
{
    Console.Error.WriteLine("Stems SONG [FOLDER [MODEL]]");
    return 2;
}

using CancellationTokenSource stop = new();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    stop.Cancel();
};

try
{
    SeparatorOptions options = new() { Model = args.ElementAtOrDefault(2) ?? DemoModel.Name };
    await using Separator separator = await Separator.OpenAsync(options, DemoModel.Catalog(), cancellationToken: stop.Token);
    Progress<SeparationProgress> progress = new(p => Console.Error.WriteLine($"{p.Percent,3:F0} %  {p.Remaining:mm\\:ss} to go"));
    SeparatedFiles made = await separator.SeparateToFilesAsync(
        song, args.ElementAtOrDefault(1) ?? "separated", progress: progress, cancellationToken: stop.Token);
    foreach ((string stem, string path) in made.Files)
    {
        Console.WriteLine($"{stem}\t{path}");
    }

    return 0;
}
catch (StemsharpException error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("stopped");
    return 130;
}
