using System.Runtime.InteropServices;

namespace Stemsharp.OnnxRuntime.Native;

/// <summary>Zero-terminated UTF-8 strings in native memory, as an array of pointers.</summary>
internal sealed unsafe class Utf8Strings : IDisposable
{
    private readonly nint* _pointers;
    private readonly int _count;

    public Utf8Strings(params IReadOnlyList<string> strings)
    {
        _count = strings.Count;
        _pointers = (nint*)NativeMemory.AllocZeroed((nuint)Math.Max(1, _count), (nuint)sizeof(nint));
        for (int i = 0; i < _count; i++)
        {
            _pointers[i] = Marshal.StringToCoTaskMemUTF8(strings[i]);
        }
    }

    public nint* Pointers => _pointers;

    public nint this[int index] => _pointers[index];

    public void Dispose()
    {
        for (int i = 0; i < _count; i++)
        {
            Marshal.FreeCoTaskMem(_pointers[i]);
        }

        NativeMemory.Free(_pointers);
    }

    /// <summary>A path as the library wants it: UTF-16 on Windows, UTF-8 elsewhere. Free with FreeCoTaskMem.</summary>
    public static nint Path(string path) =>
        OperatingSystem.IsWindows() ? Marshal.StringToCoTaskMemUni(path) : Marshal.StringToCoTaskMemUTF8(path);
}
