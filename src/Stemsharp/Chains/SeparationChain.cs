using System.Text;

namespace Stemsharp.Chains;

/// <summary>
/// What several models do one after another: a model's stem is the next one's input, or several models' versions of a stem become one.
/// Read from JSON, see docs/chains.md; checked as far as it can be without its models. Immutable.
/// </summary>
public sealed class SeparationChain
{
    private const int MostBytes = 1 << 20;

    internal SeparationChain(string name, string description, IReadOnlyList<ChainStep> steps, IReadOnlyList<ChainOutput> outputs, string json)
    {
        Name = name;
        Description = description;
        Steps = steps;
        Outputs = outputs;
        Json = json;
    }

    /// <summary>The chains that are known by name.</summary>
    public static IReadOnlyList<SeparationChain> Presets => ChainPresets.All;

    /// <summary>Its name, as output folders are called.</summary>
    public string Name { get; }

    /// <summary>One line about it; may be empty.</summary>
    public string Description { get; }

    /// <summary>The steps in their order, at least one.</summary>
    public IReadOnlyList<ChainStep> Steps { get; }

    /// <summary>The stems that it gives, in order.</summary>
    public IReadOnlyList<ChainOutput> Outputs { get; }

    /// <summary>Its definition in JSON.</summary>
    public string Json { get; }

    /// <summary>The models that it needs, each once, in the order of their first use.</summary>
    public IReadOnlyList<string> Models => [.. Steps.SelectMany(step => step.Models).Select(model => model.Model).Distinct()];

    /// <summary>Stems that wait for later steps, in files of floats, at the same time at most, when all outputs are wanted.</summary>
    internal int MostWaitingStems => (int)new ChainPlan(this, Enumerable.Range(0, Outputs.Count)).MostWaiting(run => run.Stems.Count);

    /// <summary>Finds a preset by its name, or else reads a file.</summary>
    /// <param name="nameOrPath">A name of <see cref="Presets"/>, or a path.</param>
    /// <exception cref="OptionException">There is neither, or the file is no valid definition.</exception>
    public static SeparationChain Find(string nameOrPath)
    {
        ArgumentNullException.ThrowIfNull(nameOrPath);
        if (Presets.FirstOrDefault(preset => preset.Name == nameOrPath) is { } known)
        {
            return known;
        }

        return File.Exists(nameOrPath) ? Load(nameOrPath) : throw new OptionException(
            $"There is no chain '{nameOrPath}': it is no file, and presets are {string.Join(", ", Presets.Select(preset => preset.Name))}.");
    }

    /// <summary>Reads a definition from a file. Its models' relative paths begin in the file's folder.</summary>
    /// <param name="path">The file, in JSON.</param>
    /// <exception cref="OptionException">It cannot be read, or is no valid definition.</exception>
    public static SeparationChain Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string text;
        try
        {
            if (new FileInfo(path).Length > MostBytes)
            {
                throw new OptionException($"The chain {path} is longer than 1 MB; a definition takes some hundred bytes.");
            }

            text = File.ReadAllText(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"The chain {path} cannot be read: {error.Message}", error);
        }
        catch (DecoderFallbackException error)
        {
            throw new OptionException($"The chain {path} is not UTF-8 text.", error);
        }

        return ChainReader.Read(text, path, Path.GetFileNameWithoutExtension(path), Path.GetDirectoryName(Path.GetFullPath(path)));
    }

    /// <summary>Reads a definition.</summary>
    /// <param name="json">The definition.</param>
    /// <param name="name">Its name, where it has none of its own.</param>
    /// <exception cref="OptionException">It is not valid: names the step, what was found and what is valid.</exception>
    public static SeparationChain Parse(string json, string name = "chain")
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(name);
        return ChainReader.Read(json, name, name, folder: null);
    }
}
