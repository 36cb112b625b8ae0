using Stemsharp.Fleet.Storage;

namespace Stemsharp.Cli.Commands.Fleet;

/// <summary>Addresses that stems are put to: <c>--put STEM=URL</c>, or <c>"put"</c> in the line of a list.</summary>
internal static class PutAddresses
{
    internal const string Option = "--put", Listed = "put";

    /// <summary>Reads them.</summary>
    /// <param name="given">Each as STEM=URL.</param>
    /// <returns>The addresses by the stems' names; null for none.</returns>
    /// <exception cref="OptionException">One is none, or a stem has two.</exception>
    internal static IReadOnlyDictionary<string, string>? Read(IReadOnlyCollection<string> given)
    {
        SortedDictionary<string, string> addresses = new(StringComparer.Ordinal);
        foreach (string text in given)
        {
            string[] parts = text.Split('=', 2);
            if (parts.Length < 2 || parts[0].Length == 0 || parts[0].Contains(':', StringComparison.Ordinal))
            {
                throw new OptionException($"{Option} {FileAddress.Redacted(text)} names no stem; write STEM=https://….");
            }

            FileAddress.CheckPut($"{Option} {parts[0]}", parts[1]);
            if (!addresses.TryAdd(parts[0], parts[1]))
            {
                throw new OptionException($"{Option} names {parts[0]} twice; each stem goes to one address.");
            }
        }

        return addresses.Count > 0 ? addresses : null;
    }
}
