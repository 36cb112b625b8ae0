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

    /// <summary>Settings for a session, with nothing set.</summary>
    ISessionSettings CreateSettings();

    /// <summary>Loads a model.</summary>
    /// <param name="path">The file's full path.</param>
    /// <param name="settings">Made by <see cref="CreateSettings"/>; not used any more once this returns.</param>
    ILoadedModel Load(string path, ISessionSettings settings);

    /// <summary>What an exception says, where it is the library's; null for any other.</summary>
    BindingFailure? FailureOf(Exception exception);
}

/// <summary>An error that the library gave.</summary>
/// <param name="Code">onnxruntime's code (OrtErrorCode); -1 where it is not known.</param>
/// <param name="Detail">onnxruntime's own message.</param>
internal readonly record struct BindingFailure(int Code, string Detail);

/// <summary>A device as a provider offers it.</summary>
/// <param name="Provider">The provider, by onnxruntime's name.</param>
/// <param name="Number">Which of the provider's devices, counted from 0.</param>
/// <param name="Name">Its vendor and kind, for people.</param>
internal sealed record ProviderDevice(string Provider, int Number, string Name);

/// <summary>How a session is to be made.</summary>
internal interface ISessionSettings : IDisposable
{
    /// <summary>Sets what does not belong to a provider: threads, memory.</summary>
    void Configure(OnnxSessionOptions options);

    /// <summary>Appends a provider; the order of appending is the order of preference.</summary>
    /// <param name="provider">Any but the CPU, which is always there.</param>
    /// <param name="options">By the provider's own names.</param>
    void Append(ExecutionProvider provider, IReadOnlyDictionary<string, string> options);

    /// <summary>Appends a device of a provider whose library was registered.</summary>
    void Append(ProviderDevice device, IReadOnlyDictionary<string, string> options);

    /// <summary>Has the session write a profile.</summary>
    /// <param name="prefix">What the file's path begins with.</param>
    void Profile(string prefix);
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

    /// <summary>Memory for all inputs and outputs, where the provider reads and writes it fastest, made ready for runs.</summary>
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

    /// <summary>Runs the model on what the inputs hold.</summary>
    /// <param name="cancellationToken">Stops between two nodes; the run then fails.</param>
    void Run(CancellationToken cancellationToken);
}
