using Stemsharp.Cli.Hosting;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Fleet.Storage;
using Stemsharp.Inference;

namespace Stemsharp.Cli.Working;

/// <summary>Whose fault it is that a job was not done: the job's, which then has failed, or this machine's, and then another one may do it.</summary>
internal static class JobFaults
{
    /// <summary>A <see cref="JobFailedException"/> or a <see cref="NotHereException"/>.</summary>
    internal static StemsharpException Of(StemsharpException exception) => exception switch
    {
        OutputException { IsDiskFull: true } => new NotHereException($"The disk is full: {exception.Message}", forModel: false),
        // The engine that this worker was given does not take the model.
        EngineException { Failure: EngineFailure.Refused } => new NotHereException(exception.Message, forModel: true),
        ModelException { Failure: ModelFailure.Offline or ModelFailure.Licence } => new NotHereException(exception.Message, forModel: true),
        ModelException { Failure: ModelFailure.Download } => new NotHereException(exception.Message, forModel: false),
        StorageException { Failure: StorageFailure.NoCredentials or StorageFailure.Unreachable } => new NotHereException(exception.Message, forModel: false),
        StorageException storage => new JobFailedException(Word(storage.Failure), storage.Message),
        _ => new JobFailedException(ExitCode.Name(ExitCode.For(exception)), exception.Message),
    };

    private static string Word(StorageFailure failure) => failure switch
    {
        StorageFailure.NotFound => "not-found",
        StorageFailure.Refused => "refused",
        StorageFailure.Silent => "unreachable",
        _ => "transfer",
    };
}
