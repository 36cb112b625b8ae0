namespace Stemsharp.Cli.Hosting;

/// <summary>What the process returns. The numbers are stable: scripts rely on them (docs/cli.md lists them).</summary>
internal static class ExitCode
{
    /// <summary>Everything asked for was done, or had been done before.</summary>
    internal const int Success = 0;

    /// <summary>An error that Stemsharp did not foresee.</summary>
    internal const int Internal = 1;

    /// <summary>A wrong command line: an unknown option, a value out of range, options that exclude each other.</summary>
    internal const int Usage = 2;

    /// <summary>Input audio that is missing, broken or not supported.</summary>
    internal const int Audio = 3;

    /// <summary>A model that is missing, broken or not supported.</summary>
    internal const int Model = 4;

    /// <summary>Output that cannot be written: no space, no permission.</summary>
    internal const int Output = 5;

    /// <summary>A tool or library outside Stemsharp (FFmpeg, onnxruntime) is missing, too old, or failed.</summary>
    internal const int ExternalTool = 6;

    /// <summary>A check ran to its end and found what it checked wanting (verify, compare).</summary>
    internal const int CheckFailed = 7;

    /// <summary>Some tracks of a batch failed, others were done.</summary>
    internal const int PartialFailure = 8;

    /// <summary>The address that a server should listen on is taken.</summary>
    internal const int AddressInUse = 9;

    /// <summary>Stopped by Ctrl-C or a termination signal.</summary>
    internal const int Cancelled = 130;

    /// <summary>The code for an error.</summary>
    internal static int For(Exception exception) => exception switch
    {
        OperationCanceledException => Cancelled,
        AddressInUseException => AddressInUse,
        OptionException => Usage,
        OutputException => Output,
        AudioException => Audio,
        ModelException => Model,
        ExternalToolException => ExternalTool,
        FileNotFoundException or DirectoryNotFoundException or EndOfStreamException => Audio,
        IOException or UnauthorizedAccessException => Output,
        AggregateException { InnerExceptions.Count: 1 } aggregate => For(aggregate.InnerExceptions[0]),
        _ => Internal,
    };

    /// <summary>The word for a code in JSON output.</summary>
    internal static string Name(int code) => code switch
    {
        Success => "success",
        Usage => "usage",
        Audio => "audio",
        Model => "model",
        Output => "output",
        ExternalTool => "external-tool",
        CheckFailed => "check-failed",
        PartialFailure => "partial-failure",
        AddressInUse => "address-in-use",
        Cancelled => "cancelled",
        _ => "internal",
    };
}
