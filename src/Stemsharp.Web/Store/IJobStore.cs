namespace Stemsharp.Web.Store;

/// <summary>
/// Where jobs outlive the process, with their files. Any call may fail with any error; what was saved before stays as it was.
/// </summary>
internal interface IJobStore
{
    /// <summary>Every job that was saved and not deleted, as it was saved last.</summary>
    IReadOnlyList<StoredJob> Recover();

    /// <summary>Keeps jobs, new or changed, all or none: when this returns, they are found again whatever becomes of the server.</summary>
    void Save(params IReadOnlyList<StoredJob> jobs);

    /// <summary>Forgets a job with all its files: when this returns, it never comes back.</summary>
    void Delete(string id);

    /// <summary>Deletes files that a job's work has left.</summary>
    /// <param name="id">The job.</param>
    /// <param name="results">Whether its results are of no use and go, too.</param>
    /// <param name="steps">Whether finished steps and a fleet's files go, too, from which a job that was broken off could go on.</param>
    void Tidy(string id, bool results, bool steps);

    /// <summary>Bytes that a job takes.</summary>
    long Size(string id);

    /// <summary>Where a job's files lie.</summary>
    StemFiles Files(string id);
}
