namespace Stemsharp.OnnxRuntime.Binding;

/// <summary>
/// A native onnxruntime as far as it is used here: <see cref="PackageBinding"/>, or what a test puts in its place. Any call may throw;
/// whether that was the library's doing, <see cref="FailureOf"/> says.
/// </summary>
internal interface IBinding
{
    /// <summary>The execution providers that the library contains, by onnxruntime's names.</summary>
    IReadOnlyList<string> Providers();

    /// <summary>Registers a provider's own library, once for a path.</summary>
    /// <param name="path">Its full path.</param>
    /// <returns>What all providers offer then, in onnxruntime's order.</returns>
    IReadOnlyList<ProviderDevice> Register(string path);

    /// <summary>Loads a model.</summary>
    /// <param name="path">The file's full path.</param>
    /// <param name="plan">How.</param>
    /// <param name="attempt">Makes calls that fail by themselves, and is told what each is for.</param>
    ILoadedModel Load(string path, SessionPlan plan, Action<string, Action> attempt);

    /// <summary>What an exception says, in onnxruntime's words, where it is the library's; null for any other.</summary>
    string? FailureOf(Exception exception);
}

/// <summary>A model in a session.</summary>
internal interface ILoadedModel : IDisposable
{
    /// <summary>Its inputs, in its order.</summary>
    IReadOnlyList<TensorInfo> Inputs { get; }

    /// <summary>Its outputs, in its order.</summary>
    IReadOnlyList<TensorInfo> Outputs { get; }

    /// <summary>An entry of its metadata, or null.</summary>
    string? Metadata(string key);

    /// <summary>Memory for all inputs and outputs, where the provider reads and writes it fastest, bound to the model.</summary>
    /// <param name="inputs">A shape for each input.</param>
    /// <param name="outputs">A shape for each output.</param>
    /// <returns>To be disposed before the model.</returns>
    IBoundRun Bind(IReadOnlyList<long[]> inputs, IReadOnlyList<long[]> outputs);

    /// <summary>Ends the profile and gives its file.</summary>
    string EndProfiling();
}

/// <summary>Inputs and outputs of a model in memory of their own, dense, in single precision.</summary>
internal unsafe interface IBoundRun : IDisposable
{
    /// <summary>An input's memory.</summary>
    float* Input(int index);

    /// <summary>An output's memory.</summary>
    float* Output(int index);

    /// <summary>Hands over what the inputs hold: a device copies it to its own memory, also while it runs the model on other inputs.</summary>
    void Give();

    /// <summary>Runs the model on what was handed over.</summary>
    /// <param name="cancellationToken">Stops between two nodes; the run then fails.</param>
    void Run(CancellationToken cancellationToken);
}
