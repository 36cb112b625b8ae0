namespace Stemsharp.Checkpoints.Torch;

/// <summary>A Python object that the pickle names but that is neither made nor called here.</summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>An instance of a harmless class whose content does not matter (a path in the training arguments).</summary>
internal sealed record PickleOpaque(string Class);

/// <summary>A dict. Only its text keys are kept; the others occur in training arguments alone.</summary>
internal sealed class PickleDict
{
    private Dictionary<string, object?>? _items;

    public IReadOnlyDictionary<string, object?> Items => _items ??= [];

    public void Set(object? key, object? value)
    {
        if (key is string text)
        {
            (_items ??= [])[text] = value;
        }
    }
}

/// <summary>A storage as the pickle refers to it: an entry of the archive and how many elements it holds.</summary>
internal sealed record PickleStorage(ElementType Type, string Key, long Count);

/// <summary>A tensor as the pickle describes it; not yet compared with its storage.</summary>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, int[] Shape, long[] Strides);
