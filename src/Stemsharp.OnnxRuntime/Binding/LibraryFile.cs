using System.Runtime.InteropServices;

namespace Stemsharp.OnnxRuntime.Binding;

/// <summary>What a library's file says of itself before anything is bound to it.</summary>
internal static unsafe class LibraryFile
{
    /// <summary>
    /// The oldest version 1.x that the package's binding may be given: it copies the function table in its own length, and this is the
    /// first whose table has all that it then uses.
    /// </summary>
    public const int OldestMinor = 24;

    /// <summary>Reads the version.</summary>
    /// <param name="entry">The address of OrtGetApiBase; 0 where the library has none.</param>
    /// <param name="path">The library's file, for messages.</param>
    /// <returns>Such as <c>1.31.1</c>.</returns>
    /// <exception cref="ExternalToolException">It is no onnxruntime, or too old.</exception>
    public static string Version(nint entry, string path)
    {
        if (entry == 0)
        {
            throw new ExternalToolException($"{path} is not an onnxruntime library: it has no function OrtGetApiBase. Name the file libonnxruntime.so, onnxruntime.dll or libonnxruntime.dylib of an onnxruntime 1.{OldestMinor} or later.");
        }

        // OrtApiBase: a function that gives the table of a version, and one that gives the library's version.
        nint* start = ((delegate* unmanaged<nint*>)entry)();
        if (start is null)
        {
            throw new ExternalToolException($"{path} gave no function table. The library is damaged or not an onnxruntime; install onnxruntime 1.{OldestMinor} or later.");
        }

        string version = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)start[1])()) ?? "unknown";
        if (System.Version.TryParse(version.Split('-', '+')[0], out Version? number) && (number.Major < 1 || (number.Major == 1 && number.Minor < OldestMinor)))
        {
            throw new ExternalToolException($"{path} is onnxruntime {version}, which is too old; 1.{OldestMinor} or later is needed.");
        }

        return ((delegate* unmanaged<uint, nint>)start[0])(OldestMinor) != 0
            ? version
            : throw new ExternalToolException($"{path} is onnxruntime {version} and does not offer API version {OldestMinor}; install onnxruntime 1.{OldestMinor} or later.");
    }
}
