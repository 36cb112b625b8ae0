using System.Runtime.InteropServices;
using Stemsharp.OnnxRuntime.Binding;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>What is read of a library before it is bound, over functions in place of it; and the words of the package's errors.</summary>
public sealed unsafe class LibraryFileTests : IDisposable
{
    private static nint* s_start;
    private static nint s_version;
    private static uint s_highest;

    private readonly nint* _start = (nint*)NativeMemory.AllocZeroed(2, (nuint)sizeof(nint));

    public LibraryFileTests()
    {
        s_start = _start;
        _start[0] = (nint)(delegate* unmanaged<uint, nint>)&Table;
        _start[1] = (nint)(delegate* unmanaged<nint>)&Version;
    }

    public void Dispose()
    {
        NativeMemory.Free(_start);
        Marshal.FreeCoTaskMem(s_version);
        s_version = 0;
    }

    [Theory]
    [InlineData("1.24.0", 24)]
    [InlineData("1.31.1", 31)]
    [InlineData("2.0.0-dev+abc", 99)]
    public void A_library_that_can_be_bound_tells_its_version(string version, int api) => Assert.Equal(version, Read(version, api));

    [Theory]
    [InlineData("1.16.3", 16, "onnxruntime 1.16.3, which is too old; 1.24 or later is needed")]
    [InlineData("1.23.2", 23, "onnxruntime 1.23.2, which is too old; 1.24 or later is needed")]
    [InlineData("0.9", 23, "too old")]
    [InlineData("1.99.0", 16, "does not offer API version 24")]
    public void Another_version_is_refused(string version, int api, string message) =>
        Assert.Contains(message, Assert.Throws<ExternalToolException>(() => Read(version, api)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_library_that_is_no_onnxruntime_is_refused()
    {
        Assert.Contains("no function OrtGetApiBase", Assert.Throws<ExternalToolException>(() => LibraryFile.Version(0, "other.so")).Message, StringComparison.Ordinal);
        s_start = null;
        Assert.Contains("gave no function table", Assert.Throws<ExternalToolException>(() => Read("1.31.1", 31)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[ErrorCode:Fail] CUDA failure 719: unspecified launch failure ", "CUDA failure 719: unspecified launch failure")]
    [InlineData("[ErrorCode:Unheard] of [2, 3]", "of [2, 3]")]
    [InlineData("no code at all [1]", "no code at all [1]")]
    public void The_packages_messages_are_a_code_and_words(string message, string words) => Assert.Equal(words, PackageBinding.Words(message));

    private static string Read(string version, int highest)
    {
        s_version = Marshal.StringToCoTaskMemUTF8(version);
        s_highest = (uint)highest;
        return LibraryFile.Version((nint)(delegate* unmanaged<nint>)&Start, "fake.so");
    }

    [UnmanagedCallersOnly]
    private static nint Start() => (nint)s_start;

    [UnmanagedCallersOnly]
    private static nint Table(uint version) => version <= s_highest ? 1 : 0;

    [UnmanagedCallersOnly]
    private static nint Version() => s_version;
}
