using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Stemsharp.Cli.Batches;

/// <summary>
/// One of several shares of a list. Where a track belongs depends on nothing but how the list writes it, so that a list may grow or be
/// sorted anew between two runs and no track changes sides.
/// </summary>
/// <param name="Index">Which, from 0.</param>
/// <param name="Count">Of how many.</param>
internal sealed record Shard(int Index, int Count)
{
    private const int Most = 1_000_000;
    private const string Automatic = "auto";

    /// <summary>What the tasks of an array are told by their scheduler: their number, and how many they are where that never changes.</summary>
    private static readonly (string Index, string? Count)[] s_schedulers =
    [
        ("SLURM_ARRAY_TASK_ID", null),
        ("JOB_COMPLETION_INDEX", null),
        ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"),
        ("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT"),
    ];

    /// <summary>Reads <c>I/N</c>, <c>auto/N</c> or <c>auto</c>.</summary>
    /// <param name="text">What <c>--shard</c> was given.</param>
    /// <param name="firstOfSlurm">The number of Slurm's first task.</param>
    /// <param name="variable">Gives a variable of the environment.</param>
    /// <exception cref="OptionException">It is none of them, or the environment does not fit.</exception>
    internal static Shard Parse(string text, int firstOfSlurm, Func<string, string?> variable)
    {
        string[] parts = text.Split('/');
        bool automatic = parts[0] == Automatic;
        int? count = parts.Length == 2 && Number(parts[1]) is { } n and >= 1 and <= Most ? n : null;
        if (parts.Length > 2 || (parts.Length == 2 && count is null) || (!automatic && (count is null || Number(parts[0]) is null)))
        {
            throw new OptionException($"--shard \"{text}\" is no share; write I/N, such as 0/8 to 7/8, auto/N for the tasks of an array, or auto where the scheduler tells how many they are.");
        }

        int index = automatic ? Find(text, firstOfSlurm, variable, ref count) : Number(parts[0])!.Value;
        return index >= 0 && index < count
            ? new Shard(index, count.Value)
            : throw new OptionException($"--shard {text}: this is share {index}, and {count} shares have the numbers 0 to {count - 1}.");
    }

    /// <summary>Whether a track is in this share.</summary>
    /// <param name="entry">As the list writes it.</param>
    internal bool Has(string entry) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(entry))) % (ulong)Count == (ulong)Index;

    private static int? Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    private static int Find(string text, int firstOfSlurm, Func<string, string?> variable, ref int? count)
    {
        (string indexName, string? countName) = s_schedulers.FirstOrDefault(s => variable(s.Index) is { Length: > 0 });
        if (indexName is null)
        {
            throw new OptionException($"--shard {text} is for the tasks of an array, and none of {string.Join(", ", s_schedulers.Select(s => s.Index))} is set. Write --shard I/N.");
        }

        int index = Number(variable(indexName)) ?? throw new OptionException($"--shard {text}: {indexName} is \"{variable(indexName)}\", which is no number.");
        int? told = countName is null ? null : Number(variable(countName));
        if (count is null && told is null)
        {
            throw new OptionException($"--shard {text}: {(countName is null ? $"{indexName} comes without the number of tasks" : $"{countName} is not set")}. Write --shard auto/N.");
        }

        if (count is not null && told is not null && count != told)
        {
            throw new OptionException($"--shard {text}: the array has {told} tasks ({countName}). With another number tracks are left out or done twice; write --shard auto.");
        }

        count ??= told;
        return index - (indexName == s_schedulers[0].Index ? firstOfSlurm : 0);
    }
}
