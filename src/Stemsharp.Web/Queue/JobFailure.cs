using Stemsharp.Web.Store;

namespace Stemsharp.Web.Queue;

/// <summary>What a job's owner is told of the error that has ended it.</summary>
internal static class JobFailure
{
    public static string Describe(Exception error) => error switch
    {
        StemsharpException or StoreException => error.Message,
        _ when OutputException.MeansDiskFull(error) => "The disk is full. Make room on it and try again.",
        IOException or UnauthorizedAccessException => error.Message,
        _ => "Something went wrong inside the server; its log says more.",
    };
}
