using System.Runtime.CompilerServices;
using Stemsharp.Checkpoints;
using Stemsharp.Checkpoints.Catalog;
using Stemsharp.Inference;
using Stemsharp.Model;

namespace Stemsharp;

public sealed partial class ModelCatalog
{
    /// <summary>
    /// Finds a model, and downloads what is missing of it unless the catalog is offline.
    /// </summary>
    /// <param name="model">
    /// A known name (<c>htdemucs</c>), a checkpoint's signature (<c>955717e8</c>), <c>synthetic:htdemucs</c>, a model of demucs on Hugging
    /// Face's hub (<c>hf://[namespace/]htdemucs_ft</c>) or any file there (<c>hf:owner/repository/file[@revision]</c>),
    /// or the path of a .th, .safetensors, .ckpt, .onnx or bag .yaml file, or of a folder that holds one model. One model of a
    /// .safetensors file with several is chosen as <c>FILE#signature</c>; what an .onnx file was trained with and does not say is given as
    /// <c>FILE#n_fft=6144,primary_stem=Vocals,compensate=1.035</c>.
    /// </param>
    /// <param name="repository">A folder of models to look in instead of the catalog, as the original's <c>--repo</c>.</param>
    /// <param name="stems">The stems that are wanted, in any case; members of a bag that add nothing to them are neither fetched nor listed. Null for all.</param>
    /// <param name="progress">Told about downloads.</param>
    /// <param name="cancellationToken">Stops a download; what came so far is kept and resumed next time.</param>
    /// <exception cref="ModelException">The model is unknown, missing, broken or not supported, or its licence is not accepted.</exception>
    /// <exception cref="OptionException">A wanted stem does not exist in the model.</exception>
    public async Task<ModelSource> ResolveAsync(
        string model,
        string? repository = null,
        IReadOnlyCollection<string>? stems = null,
        IProgress<DownloadProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        // No network has two stems that differ in case alone.
        stems = stems is null ? null : new HashSet<string>(stems, StringComparer.OrdinalIgnoreCase);
        // Names of the hub mean the hub, also beside a folder of models.
        Plan plan = HubName.Is(model) ? PlanEntry(await FetchHubEntryAsync(model, cancellationToken).ConfigureAwait(false))
            : repository is null ? PlanByName(model)
            : PlanInRepository(model, new LocalRepository(repository));
        if (stems is not null && plan.Networks.Any(network => network.HasMadeUpStems))
        {
            throw new OptionException($"{plan.Name} is not here, and only its files name its stems. Fetch them first ('stemsharp models download {plan.Name}'), or plan for all stems.");
        }

        IReadOnlyList<int> needed = plan.Needed(stems);
        progress = Announce(needed.Select(i => plan.Networks[i].Stored).OfType<(CatalogEntry, CatalogFile)>(), progress);
        List<ModelMember> members = [];
        foreach (int i in needed)
        {
            members.Add(await plan.Networks[i].OpenAsync(progress, cancellationToken).ConfigureAwait(false));
        }

        return Compose(plan, needed, members, stems);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ModelSource Compose(Plan plan, IReadOnlyList<int> needed, List<ModelMember> members, IReadOnlyCollection<string>? stems)
    {
        NetworkDefinition first = members[0].Definition;
        string[] sources = [.. first.AllStems];
        for (int i = 0; i < members.Count; i++)
        {
            NetworkDefinition own = members[i].Definition;
            if (!own.AllStems.SequenceEqual(sources) || (own.SampleRate, own.Channels) != (first.SampleRate, first.Channels))
            {
                throw new ModelException($"The networks of {plan.Name} do not go together: {members[0].Signature} gives {string.Join(", ", sources)} at {first.SampleRate} Hz, {members[i].Signature} gives {string.Join(", ", own.Stems)} at {own.SampleRate} Hz.");
            }

            IReadOnlyList<double> weights = plan.Weights?[needed[i]] ?? [.. first.Stems.Select(_ => 1.0)];
            if (weights.Count != first.Stems.Length)
            {
                throw new ModelException($"The bag {plan.Name} gives weights for {weights.Count} stems, but its networks have {first.Stems.Length}: {string.Join(", ", first.Stems)}.");
            }

            // All of them count for what the mix holds besides.
            weights = first.Complement is null ? weights : [.. weights, 1.0];

            Network network = plan.Segment is { } seconds ? members[i].Network.WithSegment(seconds) : members[i].Network;
            members[i] = new ModelMember(network, weights) { Licence = members[i].Licence };
        }

        CheckStems(plan.Name, sources, stems);
        if (stems is not null)
        {
            bool[] wanted = [.. sources.Select(s => stems.Contains(s))];
            members.RemoveAll(m => !m.Weights.Where((weight, stem) => wanted[stem] && weight > 0).Any());
        }

        return new ModelSource(plan.Name, sources, first.SampleRate, members);
    }

    private static void CheckStems(string model, IReadOnlyList<string> available, IReadOnlyCollection<string>? wanted)
    {
        if (wanted is null)
        {
            return;
        }

        if (wanted.Count == 0)
        {
            throw new OptionException($"No stem is wanted; {model} has {string.Join(", ", available)}.");
        }

        foreach (string stem in wanted)
        {
            if (!available.Contains(stem, StringComparer.OrdinalIgnoreCase))
            {
                throw new OptionException($"{model} has no stem '{stem}'; it has {string.Join(", ", available)}.");
            }
        }
    }

    private Plan PlanByName(string model)
    {
        if (string.IsNullOrWhiteSpace(model))
        {
            throw new ModelException("No model is named; 'stemsharp models list' shows the known ones.") { Failure = ModelFailure.Unknown };
        }

        if (model.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal))
        {
            CheckpointNetwork network = _options.Families.Open(model);
            ModelMember member = new(network, []) { Licence = ModelLicence.OfProject };
            return Plan.Of(network.Signature, new PlannedNetwork((_, _) => Task.FromResult(member)), network.Definition.AllStems);
        }

        if (FindEmbedded(model) is { } embedded)
        {
            return Plan.Of(embedded.Name, Ready(() => OpenEmbedded(embedded), null, embedded.Licence));
        }

        // A file's name is the file where there is one; other names go before paths.
        return !(ModelFiles.IsCheckpoint(model) && File.Exists(model)) && FindEntry(model) is { } entry ? PlanEntry(entry) : PlanPath(model);
    }

    private Plan PlanEntry(CatalogEntry entry) =>
        new(entry.Name, [.. entry.Files.Select(file => NetworkOf(entry, file))], entry.Stems, entry.Weights) { Segment = entry.Segment };

    private PlannedNetwork NetworkOf(CatalogEntry entry, CatalogFile file)
    {
        if (_options.StandIns && file.StandIn is { } standIn && _store.Missing(file).Any())
        {
            return new PlannedNetwork((_, _) => Task.FromResult(new ModelMember(_options.Families.OpenStandIn(standIn, file.Signature, entry.Stems), []))) { HasMadeUpStems = entry.Stems.Count == 0 };
        }

        return new PlannedNetwork(Open) { Stored = (entry, file) };

        async Task<ModelMember> Open(IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
        {
            (string path, string? configuration) = await GetAsync(entry.Name, file, progress, cancellationToken).ConfigureAwait(false);
            return new ModelMember(_options.Families.Read(path, () => Checkpoint.Open(path, configuration: configuration)), []) { Licence = ModelLicence.Of(entry.Licence) ?? LicenceOfFile(Path.GetFileName(file.Name)) };
        }
    }

    private Plan PlanPath(string model)
    {
        int hash = model.LastIndexOf('#');
        if (hash > 0 && !File.Exists(model) && File.Exists(model[..hash]))
        {
            return PlanFile(model[..hash], model[(hash + 1)..]);
        }

        if (Directory.Exists(model))
        {
            return PlanFile(new LocalRepository(model).FindOnly(), null);
        }

        // What other programs have is found by its file's name alone.
        string file = hash > 0 ? model[..hash] : model;
        string? published = _options.Families.PublishedFile(file);
        if (!File.Exists(file) && (ModelFiles.IsCheckpoint(file) || published is not null) && (_store.FindOther(file) ?? _store.FindOther(published ?? file)) is { } other)
        {
            return PlanFile(other, hash > 0 ? model[(hash + 1)..] : null);
        }

        if (File.Exists(model))
        {
            return PlanFile(model, null);
        }

        if (published is not null)
        {
            throw new ModelException(NotFetched(published)) { Failure = ModelFailure.NotInstalled };
        }

        if (HubName.WithoutScheme(model) is { } hub)
        {
            throw new ModelException($"The model file {model} does not exist. If it is a model of demucs on Hugging Face's hub, name it {hub}.") { Failure = ModelFailure.NotInstalled };
        }

        bool isPath = model.Contains('/') || model.Contains('\\') || ModelFiles.IsCheckpoint(model) || ModelFiles.IsBag(model);
        throw new ModelException(isPath ? $"The model file {model} does not exist." : UnknownModel(model)) { Failure = isPath ? ModelFailure.NotInstalled : ModelFailure.Unknown };
    }

    private Plan PlanFile(string path, string? signature)
    {
        string name = FileNames.Parse(Path.GetFileName(path)).Signature;
        if (ModelFiles.IsBag(path))
        {
            return PlanBag(path, new LocalRepository(Path.GetDirectoryName(Path.GetFullPath(path))!));
        }

        if (signature is not null)
        {
            // A graph's parameters are no name.
            return Plan.Of(ModelFiles.IsGraph(path) ? name : $"{name}-{signature}", Ready(() => Checkpoint.Open(path, signature), path));
        }

        IReadOnlyList<string> signatures = Checkpoint.Signatures(path);
        if (signatures.Count == 1)
        {
            return Plan.Of(name, NetworkAt(path));
        }

        // Several networks in one file: the bag that the catalog knows of them, or else an equal blend.
        CatalogEntry? bag = _entries.FirstOrDefault(e => e.Files.Select(f => f.Signature).Order().SequenceEqual(signatures.Order()));
        return new Plan(name, [.. (bag?.Files.Select(f => f.Signature) ?? signatures).Select(s => Ready(() => Checkpoint.Open(path, s), path))], bag?.Stems ?? [], bag?.Weights) { Segment = bag?.Segment };
    }

    // Its configuration may lie where other programs keep it, under the name that it was published by.
    private PlannedNetwork NetworkAt(string path)
    {
        string? published = FindFile(file => file.Name == Path.GetFileName(path))?.File.Configuration?.PublishedName;
        return Ready(() => Checkpoint.Open(path, configuration: ConfigurationFile.Find(path, published)), path, LicenceOfFile(Path.GetFileName(path)));
    }

    private Plan PlanInRepository(string model, LocalRepository repository)
    {
        if (repository.FindCheckpoint(ModelFiles.IsCheckpoint(model) ? FileNames.Parse(model).Signature : model) is { } path)
        {
            return PlanFile(path, null);
        }

        if (repository.FindBag(model) is { } bag)
        {
            return PlanBag(bag, repository);
        }

        // A known name, where the folder has all of its files.
        if (FindEntry(model) is { } entry && entry.Files.Select(f => repository.FindCheckpoint(f.Signature)).ToArray() is { } paths && paths.All(p => p is not null))
        {
            return new Plan(entry.Name, [.. paths.Select(p => NetworkAt(p!))], entry.Stems, entry.Weights) { Segment = entry.Segment };
        }

        string names = string.Join(", ", repository.Names);
        throw new ModelException($"The folder {repository.Folder} has no model '{model}'; it has {(names.Length > 0 ? names : "none")}.") { Failure = ModelFailure.Unknown };
    }

    private PlannedNetwork Ready(Func<Checkpoint> open, string? path, ModelLicence? licence = null) =>
        new((_, _) => Task.FromResult(new ModelMember(_options.Families.Read(path, open), []) { Licence = licence }));

    // A bag's signatures are looked up beside it, then among the known models.
    private Plan PlanBag(string path, LocalRepository repository)
    {
        BagFile bag = BagFile.Read(path);
        List<PlannedNetwork> networks = [];
        foreach (string signature in bag.Models)
        {
            if (repository.FindCheckpoint(signature) is { } file)
            {
                networks.Add(NetworkAt(file));
            }
            else if (FindEntry(signature) is { Files: [var known] } entry)
            {
                networks.Add(NetworkOf(entry, known));
            }
            else
            {
                throw new ModelException($"{path} asks for the model {signature}, which is neither in {repository.Folder} nor known.") { Failure = ModelFailure.Unknown };
            }
        }

        return new Plan(Path.GetFileNameWithoutExtension(path), networks, [], bag.Weights) { Segment = bag.Segment };
    }

    /// <summary>A model before its files are fetched and opened.</summary>
    private sealed record Plan(string Name, IReadOnlyList<PlannedNetwork> Networks, IReadOnlyList<string> Stems, IReadOnlyList<IReadOnlyList<double>>? Weights)
    {
        /// <summary>Seconds of a piece that go over the networks' own; null for these.</summary>
        public double? Segment { get; init; }

        public static Plan Of(string name, PlannedNetwork network, IReadOnlyList<string>? stems = null) => new(name, [network], stems ?? [], null);

        /// <summary>Which networks must be opened: those with weight in a wanted stem, when the stems are known beforehand.</summary>
        public IReadOnlyList<int> Needed(IReadOnlyCollection<string>? wanted)
        {
            IEnumerable<int> all = Enumerable.Range(0, Networks.Count);
            if (wanted is null || Stems.Count == 0)
            {
                return [.. all];
            }

            CheckStems(Name, Stems, wanted);
            return Weights is null ? [.. all] : [.. all.Where(i => Stems.Where((stem, s) => wanted.Contains(stem) && s < Weights[i].Count && Weights[i][s] > 0).Any())];
        }
    }

    /// <summary>How one network of a model is got.</summary>
    private sealed record PlannedNetwork(Func<IProgress<DownloadProgress>?, CancellationToken, Task<ModelMember>> OpenAsync)
    {
        /// <summary>The file of the catalog that it is, which may have to be fetched; null for all others.</summary>
        public (CatalogEntry, CatalogFile)? Stored { get; init; }

        /// <summary>It stands in for a file that is not here and whose stems nobody has written down.</summary>
        public bool HasMadeUpStems { get; init; }
    }
}
