using System.Diagnostics;
using Stemsharp.Cli.Hosting;
using Stemsharp.Web.Dispatch;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Hosting;

/// <summary>The server as a process: options in, page opened, signals heeded, exit code out.</summary>
internal static class ServeProcess
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        ServeOptions? options = null;
        FleetLink? fleet = null;
        try
        {
            options = ServeOptionsReader.Read(arguments);
            using IDisposable? telemetry = TelemetryExport.Start("stemsharp-serve", note => Console.Error.WriteLine($"stemsharp: {note}"));
            fleet = options.Queue is { } queue ? await FleetLink.OpenAsync(queue).ConfigureAwait(false) : null;
            LibrarySeparator separator = new(options);
            await using (separator.ConfigureAwait(false))
            {
                WebServer server = WebServer.Create(options, separator, logging => AddConsole(logging, options), fleet: fleet);
                await using (server.ConfigureAwait(false))
                {
                    await server.StartAsync(options).ConfigureAwait(false);
                    Announce(server, options);
                    if (options.Lifeline)
                    {
                        StopWithStandardInput(server);
                    }

                    await server.WaitForShutdownAsync().ConfigureAwait(false);
                }
            }
            return ExitCode.Success;
        }
        catch (DataFolderInUseException) when (options is { OpenBrowser: true } && File.Exists(PageFile(options)))
        {
            Console.WriteLine("Stemsharp is running already; its page is opened.");
            OpenBrowser(PageFile(options));
            return ExitCode.Success;
        }
        catch (StemsharpException error)
        {
            await Console.Error.WriteLineAsync($"stemsharp: {error.Message}").ConfigureAwait(false);
            return ExitCode.For(error);
        }
        finally
        {
            if (fleet is not null)
            {
                await fleet.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static void AddConsole(ILoggingBuilder logging, ServeOptions options)
    {
        if (options.JsonLog)
        {
            logging.AddJsonConsole(console => console.UseUtcTimestamp = true);
        }
        else
        {
            logging.AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat) = (true, "HH:mm:ss "));
        }
    }

    private static void Announce(WebServer server, ServeOptions options)
    {
        Console.WriteLine($"Stemsharp is at {server.PageAddress}");
        Console.WriteLine($"Songs and stems are kept in {Path.GetFullPath(options.DataFolder)}. Ctrl+C stops; what is queued goes on at the next start.");
        foreach (Uri address in server.Lan.Addresses.Take(1))
        {
            Console.WriteLine($"Other devices of this network find it at {address}; the page shows the code that lets them in, under Settings.");
        }

        string page = WritePageFile(server, options);
        if (options.OpenBrowser)
        {
            OpenBrowser(page);
        }
    }

    /// <summary>A file in the data folder that leads to the page, of the server that holds the folder.</summary>
    private static string PageFile(ServeOptions options) => Path.Combine(Path.GetFullPath(options.DataFolder), "open.html");

    /// <summary>
    /// The page is opened through a file that only its owner can read: what a browser is started with can be seen by
    /// every user of the machine, and the token is in the address.
    /// </summary>
    private static string WritePageFile(WebServer server, ServeOptions options)
    {
        string file = PageFile(options);
        FileStreamOptions create = new() { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        File.Delete(file);
        using StreamWriter page = new(file, create);
        page.Write($"<!doctype html><meta charset=\"utf-8\"><title>Stemsharp</title><meta http-equiv=\"refresh\" content=\"0; url={server.PageAddress}\"><a href=\"{server.PageAddress}\">Stemsharp</a>");
        return file;
    }

    private static void OpenBrowser(string file)
    {
        try
        {
            ProcessStartInfo start = OperatingSystem.IsWindows() ? new ProcessStartInfo(file) { UseShellExecute = true }
                : new ProcessStartInfo(OperatingSystem.IsMacOS() ? "open" : "xdg-open", [file]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process? browser = Process.Start(start);
        }
        catch (Exception error) when (error is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            Console.WriteLine("No browser could be opened; open the address above in one.");
        }
    }

    /// <summary>The command that started the server holds its standard input open; when that ends, so does the server.</summary>
    private static void StopWithStandardInput(WebServer server) => new Thread(() =>
    {
        Stream input = Console.OpenStandardInput();
        Span<byte> ignored = stackalloc byte[256];
        while (input.Read(ignored) > 0)
        {
            // Nothing is said on it.
        }
        server.RequestStop();
    })
    { IsBackground = true, Name = "lifeline" }.Start();
}
