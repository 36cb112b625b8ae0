namespace Stemsharp.Cli.Hosting;

/// <summary>The one line of the terminal that is rewritten in place, before the views of a batch take over. Standard error's, and so the process's.</summary>
internal static class StatusLine
{
    private static readonly Lock s_lock = new();
    private static int s_shown;

    /// <summary>Whether a writer is a terminal whose cursor can be moved.</summary>
    internal static bool IsTerminal(TextWriter error) =>
        ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";

    /// <summary>Whether a view moves the cursor and hides it.</summary>
    internal static bool HasBar { get; set; }

    /// <summary>Gives the terminal back as it was, when the process ends in the midst of a bar.</summary>
    internal static void Abandon()
    {
        if (HasBar)
        {
            // Past the console's own writer, which a thread may hold.
            using Stream error = Console.OpenStandardError();
            error.Write("\u001b[0m\u001b[?25h\n"u8);
        }
    }

    /// <summary>Shows a text in place of the last one.</summary>
    internal static void Show(string text)
    {
        lock (s_lock)
        {
            Console.Error.Write($"\r{text}{new string(' ', Math.Max(0, s_shown - text.Length))}");
            s_shown = text.Length;
        }
    }

    /// <summary>Takes it away, so that what follows begins on a clean line.</summary>
    internal static void Clear()
    {
        lock (s_lock)
        {
            if (s_shown > 0)
            {
                Console.Error.Write($"\r{new string(' ', s_shown)}\r");
                s_shown = 0;
            }
        }
    }
}
