using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using Stemsharp.OnnxRuntime.Native;

namespace Stemsharp.OnnxRuntime;

/// <summary>
/// A native onnxruntime found at run time: the file that is named, else the one that the environment
/// variable STEMSHARP_ONNXRUNTIME names, else one beside the program, else the system's. The current
/// directory is never searched. Loaded once per file and kept until the process ends.
/// </summary>
public sealed unsafe class OnnxRuntimeLibrary
{
    /// <summary>The environment variable that names the library's file.</summary>
    public const string Variable = "STEMSHARP_ONNXRUNTIME";

    private static readonly ConcurrentDictionary<string, Lazy<OnnxRuntimeLibrary>> s_loaded = new();

    /// <param name="entry">The address of OrtGetApiBase; 0 where the library has none.</param>
    /// <param name="path">The library's file.</param>
    internal OnnxRuntimeLibrary(nint entry, string path)
    {
        Path = path;
        Api = new OrtApi(entry, path);
        nint environment = 0;
        fixed (byte* name = "stemsharp\0"u8)
        {
            // Warnings and worse; the library writes them to standard error by itself.
            Api.Check(((delegate* unmanaged<int, byte*, nint*, nint>)Api[OrtFunction.CreateEnv])(3, name, &environment), "start");
        }

        Environment = new OrtHandle(Api, OrtFunction.ReleaseEnv, environment);
    }

    /// <summary>The library's file, or its name where the system found it.</summary>
    public string Path { get; }

    /// <summary>The library's version, such as <c>1.23.2</c>.</summary>
    public string Version => Api.LibraryVersion;

    internal OrtApi Api { get; }

    internal OrtHandle Environment { get; }

    /// <summary>The execution providers that this build of the library contains, by onnxruntime's names.</summary>
    public IReadOnlyList<string> Providers
    {
        get
        {
            byte** names = null;
            int count = 0;
            Api.Check(((delegate* unmanaged<byte***, int*, nint>)Api[OrtFunction.GetAvailableProviders])(&names, &count), "list its providers");
            string[] result = new string[count];
            for (int i = 0; i < count; i++)
            {
                result[i] = Marshal.PtrToStringUTF8((nint)names[i]) ?? "";
            }

            Api.Check(((delegate* unmanaged<byte**, int, nint>)Api[OrtFunction.ReleaseAvailableProviders])(names, count), "free a list");
            return result;
        }
    }

    /// <summary>Loads onnxruntime.</summary>
    /// <param name="path">The library's file; null to look for it.</param>
    /// <exception cref="ExternalToolException">There is none, it is not onnxruntime, or it is too old.</exception>
    public static OnnxRuntimeLibrary Load(string? path = null)
    {
        string file = path ?? Find();
        string key = System.IO.Path.IsPathRooted(file) || path is not null ? System.IO.Path.GetFullPath(file) : file;
        return s_loaded.GetOrAdd(key, k => new Lazy<OnnxRuntimeLibrary>(() => Open(k))).Value;
    }

    /// <summary>File names of the library on this system, most specific first.</summary>
    internal static IReadOnlyList<string> FileNames =>
        OperatingSystem.IsWindows() ? ["onnxruntime.dll"]
        : OperatingSystem.IsMacOS() ? ["libonnxruntime.dylib", "libonnxruntime.1.dylib"]
        : ["libonnxruntime.so", "libonnxruntime.so.1"];

    private static string Find()
    {
        if (System.Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return System.IO.Path.IsPathRooted(named) ? named : throw new OptionException($"{Variable} is \"{named}\"; it has to be the absolute path of the onnxruntime library.");
        }

        foreach (string name in FileNames)
        {
            string beside = System.IO.Path.Combine(AppContext.BaseDirectory, name);
            if (File.Exists(beside))
            {
                return beside;
            }
        }

        // A bare name is for the system's own search path.
        return FileNames.FirstOrDefault(SystemLibrary.CanLoad) ?? throw new ExternalToolException(NotFound());
    }

    private static OnnxRuntimeLibrary Open(string path)
    {
        if (System.IO.Path.IsPathRooted(path) && !File.Exists(path))
        {
            throw new ExternalToolException($"There is no file {path}. {NotFound()}");
        }

        try
        {
            nint library = System.IO.Path.IsPathRooted(path) ? NativeLibrary.Load(path)
                : SystemLibrary.TryLoad(path, out nint found) ? found
                : throw new DllNotFoundException("It is not where the system looks any more.");
            return new OnnxRuntimeLibrary(NativeLibrary.TryGetExport(library, "OrtGetApiBase", out nint entry) ? entry : 0, path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new ExternalToolException($"{path} cannot be loaded: {e.Message} It has to be an onnxruntime built for {RuntimeInformation.RuntimeIdentifier}, with the libraries that its providers need.", e);
        }
    }

    private static string NotFound() => new StringBuilder("No onnxruntime was found. Install onnxruntime 1.")
        .Append(OrtApi.Version).Append(" or later and name its library file (").AppendJoin(" or ", FileNames).Append(") with --onnxruntime or the environment variable ")
        .Append(Variable).Append(", or put it beside this program.").ToString();
}
