using Stemsharp.Inference;

namespace Stemsharp;

/// <summary>A sink that has work left when the last block has come; the separation is not done before that is.</summary>
internal interface IFinishingSink : IStemSink
{
    /// <summary>Called once, after the last block.</summary>
    /// <param name="workers">Threads that are free.</param>
    void Finish(IWorkers workers);
}
