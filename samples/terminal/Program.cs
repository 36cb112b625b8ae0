// Separates chosen songs of a folder on a terminal and mixes their stems anew: StemsTerminal FOLDER [MODEL]
using Stemsharp;
using Stemsharp.Samples;
using Terminal.Gui.App;

if (args is not [string folder, ..] || !Directory.Exists(folder))
{
    Console.Error.WriteLine("StemsTerminal FOLDER [MODEL]: FOLDER has the songs");
    return 2;
}

try
{
    SeparatorOptions options = new() { Model = args.ElementAtOrDefault(1) ?? DemoModel.Name };
    await using Separator separator = await Separator.OpenAsync(options, DemoModel.Catalog());
    using IApplication app = Application.Create();
    app.Init();
    using MixerWindow window = new(app, separator, folder);
    app.Run(window);
    await window.StopAsync();
    return 0;
}
catch (StemsharpException error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
