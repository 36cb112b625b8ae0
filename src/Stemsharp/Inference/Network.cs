using Stemsharp.Graph;

namespace Stemsharp.Inference;

/// <summary>
/// A network with its trained tensors: what a backend opens. It is a definition, and, unless it is an exported file, a graph for any
/// length that it takes, with the parameters that the graph binds. Holds no weights: they are read when it is opened.
/// </summary>
public abstract class Network
{
    private protected Network(NetworkDefinition definition, string family, string signature, string? path)
    {
        Definition = definition;
        Family = family;
        Signature = signature;
        Path = path;
    }

    /// <summary>What those around it have to know.</summary>
    public NetworkDefinition Definition { get; }

    /// <summary>The name of its architecture, for people.</summary>
    public string Family { get; }

    /// <summary>What it was named by when it was trained, such as <c>955717e8</c>; a file's name without its extension otherwise.</summary>
    public string Signature { get; }

    /// <summary>The file that holds it: a checkpoint or an exported graph. Null when it is embedded or synthetic.</summary>
    public string? Path { get; }

    /// <summary>Whether it is known as a graph. A file that was exported for one runtime is not.</summary>
    internal abstract bool HasGraph { get; }

    /// <summary>The same network with the lowest bin of its stems set to zero, or kept; null where that is not to be chosen.</summary>
    /// <seealso cref="NetworkDefinition.ZeroDc"/>
    internal virtual Network? WithZeroDc(bool zeroDc) => Definition.ZeroDc == zeroDc ? this : null;

    /// <summary>The same network with pieces of another length, as a bag asks for it, where it takes them; itself otherwise.</summary>
    /// <param name="seconds">Seconds of a piece, above 0.</param>
    internal virtual Network WithSegment(double seconds) => this;

    /// <summary>Whether its graph exists for the one length of its cut and for no other.</summary>
    internal virtual bool IsOfOneLength => false;

    /// <summary>Records the graph for a length.</summary>
    /// <param name="samples">Samples that the network is shown: a length that it takes.</param>
    /// <exception cref="ModelException">It has none, or none of this length.</exception>
    internal abstract Graph.Graph Record(int samples);

    /// <summary>Opens its tensors, checked against a graph of its own.</summary>
    /// <param name="graph">What <see cref="Record"/> gave.</param>
    /// <exception cref="ModelException">The file cannot be read, or tensors are missing, surplus or of another shape.</exception>
    internal abstract INetworkWeights OpenWeights(Graph.Graph graph);

    /// <summary>The same text stands for the same results: the file's SHA-256, or the name of a synthetic one, and what was set beside it.</summary>
    internal abstract string ComputeFingerprint();
}

/// <summary>A network's tensors, held open.</summary>
internal interface INetworkWeights : IWeightSource, IDisposable
{
    /// <summary>The file's name, or the name of a synthetic or embedded model.</summary>
    string Name { get; }

    /// <summary>The SHA-256 of their file in hex; null where there is none.</summary>
    string? Sha256 { get; }

    /// <summary>Whether a tensor is stored in half precision.</summary>
    bool IsHalf(Parameter parameter);
}
