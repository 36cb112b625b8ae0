using System.Diagnostics;
using Stemsharp.Client;

namespace Stemsharp.Web.Bench;

/// <summary>Hundreds of jobs one after the other, downloaded and deleted: does anything stay behind?</summary>
internal static class SoakRun
{
    public static async Task<int> RunAsync(int jobs)
    {
        using MeasuredServer server = MeasuredServer.Start();
        using StemsharpClient client = server.Connect();
        byte[] song = MeasuredServer.Song(1);
        Stopwatch watch = Stopwatch.StartNew();
        (long Bytes, int Handles) early = default;
        for (int i = 0; i < jobs; i++)
        {
            using MemoryStream content = new(song);
            Song uploaded = await client.UploadAsync("song.wav", content).ConfigureAwait(false);
            Job job = await client.CreateJobAsync(new NewJob(uploaded.Id)).ConfigureAwait(false);
            job = await client.WaitForJobAsync(job.Id).ConfigureAwait(false);
            if (job.State != JobState.Done)
            {
                throw new InvalidOperationException(job.Error);
            }

            using (Stream stem = await client.OpenStemAsync(job.Id, "vocals").ConfigureAwait(false))
            {
                await stem.CopyToAsync(Stream.Null).ConfigureAwait(false);
            }

            await client.DeleteJobAsync(job.Id).ConfigureAwait(false);
            await client.DeleteSongAsync(uploaded.Id).ConfigureAwait(false);
            if (i == jobs / 5)
            {
                early = (server.ResidentBytes, server.Handles);
            }
        }
        string[] left = [.. Directory.EnumerateFileSystemEntries(server.Folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(server.Folder, path)).Except(["songs", "jobs", "uploads", "lock", "token", "open.html", "jobs.db", "jobs.db-wal", "jobs.db-shm", "ballast"])];
        Console.WriteLine($"{jobs} jobs in {watch.Elapsed.TotalSeconds:F0} s");
        Console.WriteLine($"after a fifth of them: {early.Bytes >> 20} MB resident, {early.Handles} handles");
        Console.WriteLine($"at the end:            {server.ResidentBytes >> 20} MB resident, {server.Handles} handles, {left.Length} files left behind");
        return left.Length == 0 ? 0 : 1;
    }
}
