using Stemsharp.Checkpoints.Catalog;

namespace Stemsharp.Checkpoints.Torch;

/// <summary>
/// The only Python objects that a checkpoint may name, and what calling them gives here. Nothing else is
/// looked up, so no code of the file's choosing can run.
/// </summary>
internal static class PickleGlobals
{
    private static readonly Dictionary<string, ElementType> Storages = new(StringComparer.Ordinal)
    {
        ["torch.HalfStorage"] = ElementType.Half,
        ["torch.BFloat16Storage"] = ElementType.BFloat16,
        ["torch.FloatStorage"] = ElementType.Single,
        ["torch.DoubleStorage"] = ElementType.Double,
        ["torch.BoolStorage"] = ElementType.Boolean,
        ["torch.ByteStorage"] = ElementType.UInt8,
        ["torch.CharStorage"] = ElementType.Int8,
        ["torch.ShortStorage"] = ElementType.Int16,
        ["torch.IntStorage"] = ElementType.Int32,
        ["torch.LongStorage"] = ElementType.Int64,
    };

    private static readonly Dictionary<string, Func<object?[], object?>> Callables = new(StringComparer.Ordinal)
    {
        ["torch._utils._rebuild_tensor_v2"] = RebuildTensor,
        ["torch._utils._rebuild_parameter"] = arguments => arguments is [PickleTensor tensor, ..] ? tensor : throw Misused("torch._utils._rebuild_parameter"),
        ["torch.Size"] = arguments => arguments is [object?[] dimensions] ? dimensions : throw Misused("torch.Size"),
        ["collections.OrderedDict"] = arguments => arguments is [] ? new PickleDict() : throw Misused("collections.OrderedDict"),
        ["fractions.Fraction"] = arguments => MakeFraction(arguments),
    };

    // What training arguments may hold beside plain data. The values do not matter, so none is made.
    private static readonly HashSet<string> Inert = new(StringComparer.Ordinal)
    {
        "builtins.set", "__builtin__.set", "builtins.frozenset", "__builtin__.frozenset", "builtins.bytearray", "__builtin__.bytearray", "_codecs.encode",
        "pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.WindowsPath", "pathlib.PureWindowsPath",
        "numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "torch.device",
    };

    private static readonly string[] ModelModules = ["demucs.", "models.bs_roformer", "models.mdx23c_tfc_tdf_v3", "models.scnet."];

    public static PickleGlobal Find(string module, string name)
    {
        PickleGlobal found = new(module, name);
        string path = found.ToString();
        if (Storages.ContainsKey(path) || Callables.ContainsKey(path) || Inert.Contains(path) || IsModelClass(module))
        {
            return found;
        }

        throw new CheckpointFormatException(module.Split('.')[0] == "diffq"
            ? OfficialModels.Quantized
            : $"it names the Python object '{Printable(path)}'. Only tensors and plain data are read from a checkpoint and no code in it is ever run, so the file was not loaded. If it is your own model, save class, args, kwargs and state alone.");
    }

    public static object? Call(object? callable, object?[] arguments)
    {
        string path = callable is PickleGlobal global ? global.ToString() : "";
        if (Callables.TryGetValue(path, out Func<object?[], object?>? call))
        {
            return call(arguments);
        }

        if (Inert.Contains(path))
        {
            return new PickleOpaque(path);
        }

        throw new CheckpointFormatException($"it asks to call {(path.Length > 0 ? $"'{path}'" : "something that is not a function")}, which is never done. The file was not loaded.");
    }

    /// <summary>Reads what a persistent id stands for: ('storage', type, key, location, count).</summary>
    public static PickleStorage FindStorage(object? id)
    {
        if (id is not object?[] { Length: >= 5 } fields || fields[0] is not "storage" || fields[1] is not PickleGlobal type || fields[2] is not string key || fields[4] is not long count)
        {
            throw CheckpointFormatException.Damaged("it refers to a storage in a form that torch.save does not write");
        }

        if (!Storages.TryGetValue(type.ToString(), out ElementType element))
        {
            throw new CheckpointFormatException($"it has a storage of type '{Printable(type.ToString())}'; supported are {string.Join(", ", Storages.Keys)}.");
        }

        if (key.Length is 0 or > 64 || !key.All(char.IsAsciiLetterOrDigit))
        {
            throw CheckpointFormatException.Damaged($"it refers to a storage by the key '{Printable(key)}'");
        }

        if (count < 0 || count > 1L << 40)
        {
            throw CheckpointFormatException.Damaged($"its storage '{key}' claims {count:N0} elements");
        }

        return new PickleStorage(element, key, count);
    }

    private static PickleTensor RebuildTensor(object?[] arguments)
    {
        if (arguments is not [PickleStorage storage, long offset, object?[] shape, object?[] strides, ..] || shape.Length != strides.Length)
        {
            throw Misused("torch._utils._rebuild_tensor_v2");
        }

        if (shape.Length > 16)
        {
            throw CheckpointFormatException.Damaged($"it has a tensor of {shape.Length} dimensions");
        }

        int[] dimensions = new int[shape.Length];
        long[] steps = new long[shape.Length];
        for (int d = 0; d < shape.Length; d++)
        {
            if (shape[d] is not long dimension || dimension is < 0 or > int.MaxValue || strides[d] is not long stride || stride is < 0 or > 1L << 40)
            {
                throw CheckpointFormatException.Damaged("it has a tensor with an impossible shape or stride");
            }

            (dimensions[d], steps[d]) = ((int)dimension, stride);
        }

        if (offset is < 0 or > 1L << 40)
        {
            throw CheckpointFormatException.Damaged("it has a tensor with an impossible offset");
        }

        return new PickleTensor(storage, offset, dimensions, steps);
    }

    // From a string or two integers, depending on the Python that wrote it.
    private static Fraction MakeFraction(object?[] arguments)
    {
        Fraction fraction = default;
        bool valid = arguments switch
        {
            [string text] => text.Length <= 40 && Fraction.TryParse(text, out fraction),
            [long whole] => Fraction.TryCreate(whole, 1, out fraction),
            [long numerator, long denominator] => Fraction.TryCreate(numerator, denominator, out fraction),
            _ => false,
        };
        return valid ? fraction : throw Misused("fractions.Fraction");
    }

    private static CheckpointFormatException Misused(string what) => CheckpointFormatException.Damaged($"it calls {what} with arguments that torch.save does not write");

    private static string Printable(string text)
    {
        string safe = new([.. text.Take(100).Select(c => char.IsControl(c) ? '?' : c)]);
        return text.Length > 100 ? safe + "…" : safe;
    }

    // The classes of the original's models are named, never called: that lets those who ask for a network say which it is.
    private static bool IsModelClass(string module) =>
        ModelModules.Any(m => module.StartsWith(m, StringComparison.Ordinal));
}
