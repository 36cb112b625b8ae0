using System.Runtime.InteropServices;

namespace Stemsharp.OnnxRuntime.Native;

/// <summary>
/// onnxruntime's C function table, of the oldest version that has all that is used here. Every call that can
/// fail goes through <see cref="Check"/>.
/// </summary>
internal sealed unsafe class OrtApi
{
    /// <summary>The API version asked for: that of onnxruntime 1.17, the first to read operator set 20.</summary>
    public const uint Version = 17;

    private readonly nint* _table;

    /// <param name="entry">The address of OrtGetApiBase; 0 where the library has none.</param>
    /// <param name="path">The library's file, for messages.</param>
    public OrtApi(nint entry, string path)
    {
        if (entry == 0)
        {
            throw new ExternalToolException($"{path} is not an onnxruntime library: it has no function OrtGetApiBase. Name the file libonnxruntime.so, onnxruntime.dll or libonnxruntime.dylib of an onnxruntime 1.{Version} or later.");
        }

        nint* start = ((delegate* unmanaged<nint*>)entry)();
        if (start is null)
        {
            throw new ExternalToolException($"{path} gave no function table. The library is damaged or not an onnxruntime; install onnxruntime 1.{Version} or later.");
        }

        LibraryVersion = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)start[1])()) ?? "unknown";
        if (System.Version.TryParse(LibraryVersion.Split('-', '+')[0], out Version? version) && (version.Major < 1 || (version.Major == 1 && version.Minor < Version)))
        {
            throw new ExternalToolException($"{path} is onnxruntime {LibraryVersion}, which is too old; 1.{Version} or later is needed.");
        }

        _table = (nint*)((delegate* unmanaged<uint, nint>)start[0])(Version);
        if (_table is null)
        {
            throw new ExternalToolException($"{path} is onnxruntime {LibraryVersion} and does not offer API version {Version}; install onnxruntime 1.{Version} or later.");
        }
    }

    /// <summary>The library's own version, such as <c>1.23.2</c>.</summary>
    public string LibraryVersion { get; }

    public nint this[OrtFunction function] => _table[(int)function];

    /// <summary>Throws what a call returned, unless it succeeded.</summary>
    /// <param name="status">The call's return value; released here.</param>
    /// <param name="what">What was tried, for the message.</param>
    public void Check(nint status, string what)
    {
        if (status == 0)
        {
            return;
        }

        int code = ((delegate* unmanaged<nint, int>)this[OrtFunction.GetErrorCode])(status);
        string message = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint, nint>)this[OrtFunction.GetErrorMessage])(status)) ?? "";
        Release(OrtFunction.ReleaseStatus, status);
        throw new OnnxRuntimeException(what, code, message.Trim());
    }

    public void Release(OrtFunction function, nint handle) => ((delegate* unmanaged<nint, void>)this[function])(handle);

    /// <summary>Calls a function that makes an object from nothing but the place to put it.</summary>
    public OrtHandle Create(OrtFunction create, OrtFunction release, string what)
    {
        nint made = 0;
        Check(((delegate* unmanaged<nint*, nint>)this[create])(&made), what);
        return new OrtHandle(this, release, made);
    }

    /// <summary>Copies a string that the library allocated, and frees it.</summary>
    public string TakeString(nint text)
    {
        string result = Marshal.PtrToStringUTF8(text) ?? "";
        nint allocator = Allocator();
        Check(((delegate* unmanaged<nint, nint, nint>)this[OrtFunction.AllocatorFree])(allocator, text), "free a string");
        return result;
    }

    /// <summary>The library's default allocator; it is never released.</summary>
    public nint Allocator()
    {
        nint allocator = 0;
        Check(((delegate* unmanaged<nint*, nint>)this[OrtFunction.GetAllocatorWithDefaultOptions])(&allocator), "get the default allocator");
        return allocator;
    }
}
