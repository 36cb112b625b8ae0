namespace Stemsharp.Fleet.Protocol;

/// <summary>How a job left a worker.</summary>
internal enum WorkOutcome
{
    /// <summary>Its files are in place.</summary>
    Done,

    /// <summary>It failed, and will be tried again.</summary>
    Failed,

    /// <summary>It was given up.</summary>
    Dead,

    /// <summary>It was given back, because the worker is stopped or cannot do it.</summary>
    GivenBack,

    /// <summary>It was somebody else's, or withdrawn.</summary>
    Lost,
}

/// <summary>Told what a worker does.</summary>
internal interface IWorkerEvents
{
    /// <summary>A job was taken.</summary>
    void Taken(JobRecord record);

    /// <summary>A job has left.</summary>
    /// <param name="record">What is known of it.</param>
    /// <param name="outcome">How.</param>
    /// <param name="elapsed">How long it was here.</param>
    void Left(JobRecord record, WorkOutcome outcome, TimeSpan elapsed);

    /// <summary>The server is away, or other things that pass.</summary>
    void Note(string message);
}
