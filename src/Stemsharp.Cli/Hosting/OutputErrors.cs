namespace Stemsharp.Cli.Hosting;

/// <summary>File operations on output, whose errors are told from those of input.</summary>
internal static class OutputErrors
{
    /// <exception cref="OutputException">Whatever goes wrong with files.</exception>
    internal static void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (OutputException.IsOfFiles(exception) || exception is AudioException and not OutputException)
        {
            throw new OutputException(OutputException.WordsOf(exception), exception);
        }
    }
}
